"""`import chaosmesh.locust` in a locustfile, then `locust -f FILE --mesh DOC…`: Locust brings the mesh up, and ends it.

Locust's own command leads: its process starts `chaosmesh up` as a child, sets the host to the mesh's entry, and adds
tabs and the control tower to its web UI. Works with one process, `--processes N` and `--worker`s of this machine, with
the web UI and with `--headless`. Without `--mesh` nothing changes.
"""

from __future__ import annotations

import logging
import os
from typing import Any

from locust import events, runners

from chaosmesh.load.attending import Attendance
from chaosmesh.load.passengers import Passengers
from chaosmesh.web.locust import joining
from chaosmesh.web.locust.beside import bring_up

__all__ = ["Passengers"]

logger = logging.getLogger("chaosmesh")


def _options(parser: Any, **_: object) -> None:
    parser.add_argument(
        "--mesh",
        nargs="+",
        default=[],
        metavar="DOC",
        env_var="CHAOSMESH_MESH",
        help="Documents of the mesh (files, folders): Locust brings it up, and ends it",
        include_in_web_ui=False,
    )
    parser.add_argument(
        "--scenario",
        default="",
        metavar="FILE",
        env_var="CHAOSMESH_SCENARIO",
        help="Scenario file of the mesh (default: chaosmesh.yaml in its folder)",
        include_in_web_ui=False,
    )
    joining.rate_option(parser)


def _joined(environment: Any, **_: object) -> None:
    if isinstance(environment.runner, runners.WorkerRunner):
        Attendance(environment)
        return
    options = environment.parsed_options
    if not (options.mesh or options.scenario):
        return
    line, end = bring_up(environment, options.mesh, options.scenario)
    entries = list(line["entry"].values())
    if not environment.host and entries:
        environment.host = options.host = entries[0]
    tower = line.get("tower")
    lead = joining.lead(environment, line["door"], tower)
    # The last to listen is the first to be told.
    events.quitting.add_listener(lambda **_: end(lead))  # type: ignore[no-untyped-call]
    if tower:
        logger.info("control tower of the mesh: %s", tower)


if joining.DOOR not in os.environ:  # `chaosmesh up --ui` has brought the mesh up already
    events.init_command_line_parser.add_listener(_options)  # type: ignore[no-untyped-call]
    events.init.add_listener(_joined)  # type: ignore[no-untyped-call]

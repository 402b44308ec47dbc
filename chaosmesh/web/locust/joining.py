"""A Locust process joins the mesh: whoever leads asks main and has the tabs, whoever sends opens its streams."""

from __future__ import annotations

import os
from typing import Any

from locust import events, runners

from chaosmesh.load.attending import Attendance
from chaosmesh.load.leading import EACH, Lead
from chaosmesh.web.locust.extending import extend

DOOR, TOWER = "CHAOSMESH_DOOR", "CHAOSMESH_TOWER"
"""In the environment of Locust processes that `chaosmesh up --ui` starts: the door's path, the tower's url."""


def install() -> None:
    """For a process that `chaosmesh up --ui` starts, before Locust reads its command line."""
    events.init_command_line_parser.add_listener(_options)  # type: ignore[no-untyped-call]
    events.init.add_listener(_joined)  # type: ignore[no-untyped-call]


def lead(environment: Any, door: str, tower: str | None) -> Lead:
    """For the process that leads (a master, or a single one), once Locust has its runner."""
    found = Lead(environment, door)
    if isinstance(environment.runner, runners.LocalRunner):
        Attendance(environment, found.line)
    if environment.web_ui is not None:
        extend(environment.web_ui, found, tower)
    return found


def rate_option(parser: Any) -> None:
    """How often a passenger asks."""
    parser.add_argument(
        f"--{EACH.replace('_', '-')}",
        type=float,
        default=1.0,
        metavar="<float>",
        env_var="CHAOSMESH_REQUESTS_PER_USER",
        help="Requests a second of each passenger, whatever the answers do",
    )


def _options(parser: Any, **_: object) -> None:
    if os.environ.get("CHAOSMESH_PASSENGERS"):
        rate_option(parser)


def _joined(environment: Any, **_: object) -> None:
    if isinstance(environment.runner, runners.WorkerRunner):
        Attendance(environment)
    else:
        lead(environment, os.environ[DOOR], os.environ.get(TOWER))

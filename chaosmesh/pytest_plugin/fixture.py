"""The fixture `mesh`: the running mesh of a test's documents."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Generator, Iterator
from functools import partial
from typing import TYPE_CHECKING

import pytest

from chaosmesh.pytest_plugin import options, reports, table
from chaosmesh.pytest_plugin.options import EXAMPLE, MARKER
from chaosmesh.pytest_plugin.state import state_of

if TYPE_CHECKING:
    from chaosmesh.engine.experiment.live import LiveMesh
    from chaosmesh.engine.experiment.result import Run
    from chaosmesh.engine.experiment.session import Meshes
    from chaosmesh.engine.experiment.view import MeshView
    from chaosmesh.runtime.kinds import Kind


@pytest.fixture
def mesh(request: pytest.FixtureRequest) -> Generator[MeshView, None, None]:
    """The running mesh of the test's documents; afterwards every fault is healed and the policy as before."""
    marker = request.node.get_closest_marker(MARKER)
    if marker is None or not marker.args:
        pytest.fail(f"the fixture mesh needs {EXAMPLE}", pytrace=False)
    config = request.config
    reports.in_time(request.node)
    from chaosmesh.pytest_plugin.marked import seed_of, wanted_by

    with _plainly():
        wanted, folders = wanted_by(request, marker)
        seed = seed_of(config, marker)
    meshes = _meshes(config, wanted.runtime)
    with _plainly():
        live = meshes.of(wanted)
    from chaosmesh.engine.experiment import session
    from chaosmesh.judge import Verdict

    view, runs = session.experiment(
        live,
        seed=seed,
        alpha=options.alpha(config),
        tolerated=(Verdict.INCONCLUSIVE,) if options.option(config, "undecided") == "warn" else (),
        folders=folders,
    )
    reports.began(request.node, runs)
    yield view
    unused = session.unused(live) if reports.passed(request.node) else None
    try:
        meshes.settle(live)
    finally:
        if runs:
            with _plainly():
                _record(request.node, meshes, live, runs, wanted.profile, seed or live.scenario.seed)
    if unused is not None:
        pytest.fail(str(unused), pytrace=False)


def _meshes(config: pytest.Config, runtime: Kind) -> Meshes:
    """Where the session's meshes are; a missing tool skips the test here, and fails it where CI=true."""
    from chaosmesh.engine.experiment import session

    state = state_of(config)
    if runtime not in state.runtimes and (missing := session.missing_tool(runtime)):
        (pytest.fail if os.environ.get("CI", "").lower() == "true" else pytest.skip)(f"chaosmesh: {missing}")
    state.runtimes.add(runtime)
    if state.meshes is None:
        runs = config.rootpath / options.option(config, "report")
        state.meshes = session.Meshes(runs, partial(table.tell, config))
    return state.meshes


@contextlib.contextmanager
def _plainly() -> Iterator[None]:
    """What is wrong with a test's documents is told without our own traceback."""
    from chaosmesh.errors import ChaosMeshError, KeeperLostError, MissingProgramError

    try:
        yield
    except (KeeperLostError, MissingProgramError):
        raise
    except (ChaosMeshError, pytest.UsageError) as error:
        raise pytest.fail.Exception(_in_pytest(str(error)), pytrace=False) from None


def _in_pytest(text: str) -> str:
    """Documents speak of the command line's options."""
    said = r'bind it with variables={"\1": …} of the marker, or --chaos-set \1=VALUE'
    return re.sub(r"bind it with --set (.+?)=VALUE", said, text)


def _record(
    item: pytest.Item, meshes: Meshes, live: LiveMesh, runs: list[Run], profile: str, seed: int
) -> None:
    from chaosmesh.engine.experiment import session

    name = reports.folder_name(item)
    alpha = float(options.option(item.config, "alpha"))
    about = {"mesh": live.name, "profile": profile, "seed": seed, "alpha": alpha}
    folder = session.record(meshes.runs, name, item.nodeid, runs, about)
    session.keep_metrics(meshes, live, runs, folder)
    session.sum_up(meshes, live, runs, folder)
    reports.kept(folder)
    reports.recorded(item, runs, folder, seed)
    reports.paged(item, folder)

"""The fixture `mesh`: the running mesh of a test's documents."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chaosmesh.pytest_plugin import options, reports
from chaosmesh.pytest_plugin.options import MARKER
from chaosmesh.pytest_plugin.state import state_of

if TYPE_CHECKING:
    from chaosmesh.engine.experiment.inputs import Wanted
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
        pytest.fail('the fixture mesh needs @pytest.mark.chaosmesh("path/to/documents")', pytrace=False)
    config = request.config
    reports.in_time(request.node)
    with _plainly():
        wanted, folders = _wanted(request, marker)
    meshes = _meshes(config, wanted.runtime)
    with _plainly():
        live = meshes.of(wanted)
    from chaosmesh.engine.experiment import session
    from chaosmesh.judge import Verdict

    seed = marker.kwargs.get("seed")
    seed = int(options.option(config, "seed")) if seed is None else seed
    view, runs = session.experiment(
        live,
        seed=seed,
        alpha=options.alpha(config),
        tolerated=(Verdict.INCONCLUSIVE,) if options.option(config, "undecided") == "warn" else (),
        folders=folders,
    )
    reports.began(request.node, runs)
    yield view
    try:
        meshes.settle(live)
    finally:
        if runs:
            _record(request.node, meshes, live, runs, wanted.profile, seed or live.scenario.seed)


def _meshes(config: pytest.Config, runtime: Kind) -> Meshes:
    """Where the session's meshes are; a missing tool skips the test here, and fails it where CI=true."""
    from chaosmesh.engine.experiment import session

    state = state_of(config)
    if runtime not in state.runtimes and (missing := session.missing_tool(runtime)):
        (pytest.fail if os.environ.get("CI", "").lower() == "true" else pytest.skip)(f"chaosmesh: {missing}")
    state.runtimes.add(runtime)
    if state.meshes is None:
        state.meshes = session.Meshes(config.rootpath / options.option(config, "report"))
    return state.meshes


def _wanted(request: pytest.FixtureRequest, marker: pytest.Mark) -> tuple[Wanted, tuple[Path, ...]]:
    """What the marker asks for, and the folders in which its paths are looked for."""
    from chaosmesh.engine.experiment.inputs import Wanted, located

    known = {"variables", "profile", "seed", "scenario", "traces", "runtime"}
    if odd := set(marker.kwargs) - known:
        pytest.fail(f"chaosmesh marker: unknown {', '.join(sorted(odd))}; known: {', '.join(sorted(known))}")
    config = request.config
    folders = (config.rootpath, config.invocation_params.dir, request.node.path.parent)
    given = [one for arg in marker.args for one in ([arg] if isinstance(arg, str | Path) else arg)]
    scenario = marker.kwargs.get("scenario")
    variables = {**options.variables(config), **(marker.kwargs.get("variables") or {})}
    wanted = Wanted(
        tuple(located(one, folders) for one in given),
        tuple(sorted(variables.items())),
        marker.kwargs.get("profile") or options.option(config, "profile"),
        None if scenario is None else located(scenario, folders),
        int(options.option(config, "workers")),
        options.runtime(config, marker.kwargs.get("runtime")),
        options.traces(config, marker.kwargs.get("traces")),
    )
    return wanted, folders


@contextlib.contextmanager
def _plainly() -> Iterator[None]:
    """What is wrong with a test's documents is told without our own traceback."""
    from chaosmesh.errors import ChaosMeshError, KeeperLostError, MissingProgramError

    try:
        yield
    except (KeeperLostError, MissingProgramError):
        raise
    except ChaosMeshError as error:
        pytest.fail(str(error), pytrace=False)


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

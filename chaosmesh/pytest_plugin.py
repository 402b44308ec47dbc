"""The pytest plugin: a marker, the fixture `mesh`, and what a session says about its experiments.

Everything else of chaosmesh is imported by the first test that asks for a mesh.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from chaosmesh.engine.experiment.inputs import Wanted
    from chaosmesh.engine.experiment.result import Claimed, Run
    from chaosmesh.engine.experiment.session import Meshes
    from chaosmesh.engine.experiment.view import MeshView

MARKER = "chaosmesh"
_MESHES: pytest.StashKey[Meshes] = pytest.StashKey()
_RUNS: pytest.StashKey[list[Run]] = pytest.StashKey()
_LOST: pytest.StashKey[bool] = pytest.StashKey()
_WORDS = {"inconclusive": ("failed", "U", "INCONCLUSIVE"), "invalid": ("error", "I", "INVALID")}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options `--chaos-…`, and the same in the ini file as `chaosmesh_…`."""
    group = parser.getgroup("chaosmesh", "service-mesh experiments")
    group.addoption("--chaos-seed", type=int, default=None, metavar="N", help="same seed, same victims")
    group.addoption(
        "--chaos-undecided",
        choices=["fail", "warn"],
        default=None,
        help="warn: an inconclusive expectation does not fail its test",
    )
    group.addoption("--chaos-report", default=None, metavar="DIR", help="where run folders go (runs)")
    group.addoption(
        "--chaos-profile",
        choices=["appmesh", "appmesh-legacy", "envoy"],
        default=None,
        help="whose hidden defaults hold (appmesh)",
    )
    parser.addini("chaosmesh_seed", "same seed, same victims", default="0")
    parser.addini("chaosmesh_undecided", "fail or warn", default="fail")
    parser.addini("chaosmesh_report", "where run folders go", default="runs")
    parser.addini("chaosmesh_profile", "whose hidden defaults hold", default="appmesh")
    parser.addini("chaosmesh_claims", "claims of the whole session; more than 100 share its α", default="100")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        "chaosmesh(*documents, variables=None, profile=None, seed=None, scenario=None): "
        "the App Mesh documents that the fixture `mesh` runs",
    )


def pytest_report_collectionfinish(config: pytest.Config, items: Sequence[pytest.Item]) -> str | None:
    """One line, only when there are experiments."""
    count = sum(one.get_closest_marker(MARKER) is not None for one in items)
    if not count:
        return None
    options = ", ".join(
        f"{name} {_option(config, name)}" for name in ("profile", "seed", "undecided", "report")
    )
    return f"chaosmesh: {count} experiment{'s' * (count != 1)}; {options}"


@pytest.fixture
def mesh(request: pytest.FixtureRequest) -> Generator[MeshView, None, None]:
    """The running mesh of the test's documents; afterwards every fault is healed and the policy as before."""
    marker = request.node.get_closest_marker(MARKER)
    if marker is None or not marker.args:
        pytest.fail('the fixture mesh needs @pytest.mark.chaosmesh("path/to/documents")', pytrace=False)
    with _plainly():
        wanted, folders = _wanted(request, marker)
    from chaosmesh.engine.experiment import session
    from chaosmesh.judge import Verdict, alpha_for

    if missing := session.missing_tool():
        (pytest.fail if os.environ.get("CI", "").lower() == "true" else pytest.skip)(f"chaosmesh: {missing}")
    config = request.config
    meshes = config.stash.setdefault(_MESHES, session.Meshes(config.rootpath / _option(config, "report")))
    with _plainly():
        live = meshes.of(wanted)
    tolerated = (Verdict.INCONCLUSIVE,) if _option(config, "undecided") == "warn" else ()
    seed = marker.kwargs.get("seed")
    seed = int(_option(config, "seed")) if seed is None else seed
    view, runs = session.experiment(
        live,
        seed=seed,
        alpha=alpha_for(int(config.getini("chaosmesh_claims"))),
        tolerated=tolerated,
        folders=folders,
    )
    request.node.stash[_RUNS] = runs
    yield view
    meshes.settle(live)
    if runs:
        name = re.sub(r"[^\w.-]+", "-", request.node.name).strip("-")
        about = {"mesh": live.name, "profile": wanted.profile, "seed": seed or live.scenario.seed}
        folder = session.record(meshes.runs, name, request.node.nodeid, runs, about)
        _tell(request.node, runs, folder)


def _wanted(request: pytest.FixtureRequest, marker: pytest.Mark) -> tuple[Wanted, tuple[Path, ...]]:
    """What the marker asks for, and the folders in which its paths are looked for."""
    from chaosmesh.engine.experiment.inputs import Wanted, located

    known = {"variables", "profile", "seed", "scenario"}
    if odd := set(marker.kwargs) - known:
        pytest.fail(f"chaosmesh marker: unknown {', '.join(sorted(odd))}; known: {', '.join(sorted(known))}")
    folders = (request.config.rootpath, request.config.invocation_params.dir, request.node.path.parent)
    given = [one for arg in marker.args for one in ([arg] if isinstance(arg, str | Path) else arg)]
    scenario = marker.kwargs.get("scenario")
    wanted = Wanted(
        tuple(located(one, folders) for one in given),
        tuple(sorted((marker.kwargs.get("variables") or {}).items())),
        marker.kwargs.get("profile") or _option(request.config, "profile"),
        None if scenario is None else located(scenario, folders),
    )
    return wanted, folders


@contextlib.contextmanager
def _plainly() -> Iterator[None]:
    """What is wrong with a test's documents is told without our own traceback."""
    from chaosmesh.errors import ChaosMeshError, KeeperLostError

    try:
        yield
    except KeeperLostError:
        raise
    except ChaosMeshError as error:
        pytest.fail(str(error), pytrace=False)


def _tell(item: pytest.Item, runs: Sequence[Run], folder: Path) -> None:
    """Facts for JUnit; the table is made from the report's rows."""
    item.user_properties += [
        ("chaosmesh.verdict", ",".join(one.verdict.value for one in runs)),
        ("chaosmesh.requests", str(sum(one.requests for one in runs))),
        ("chaosmesh.folder", str(folder)),
    ]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """The evidence of a failed test, its own word for undecided, and the rows of the table."""
    if _MESHES not in item.config.stash:
        return (yield)
    _from_outside(call)
    report = yield
    _look_for_end(item, call)
    runs = item.stash.get(_RUNS, [])
    run = getattr(call.excinfo.value, "run", None) if call.excinfo else None
    if run is not None and report.failed:
        report.chaosmesh_word = run.verdict.value  # type: ignore[attr-defined]
    if report.when == "call" and report.failed and runs:
        report.sections.append(
            ("chaosmesh evidence", "\n\n".join(f"{one.verdict.value}: {one.evidence}" for one in runs))
        )
    if report.when == "teardown" and runs:
        folder = dict(item.user_properties).get("chaosmesh.folder", "")
        rows = [row for one in runs for row in _rows(item.name, one, str(folder))]
        report.chaosmesh_rows = rows  # type: ignore[attr-defined]  # xdist carries it to the controller
    return report


def _from_outside(call: pytest.CallInfo[None]) -> None:
    """What we raise is about the test's own lines, not about ours below them."""
    from chaosmesh.errors import ChaosMeshError

    error = call.excinfo.value if call.excinfo and call.when == "call" else None
    if error is None or not (isinstance(error, ChaosMeshError) or hasattr(error, "run")):
        return
    ours = str(Path(__file__).parent)
    step = error.__traceback__
    while step and step.tb_next:
        if step.tb_next.tb_frame.f_code.co_filename.startswith(ours):
            step.tb_next = None
        step = step.tb_next


def _look_for_end(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Without the keeper nothing of the mesh is left: the session ends with 4."""
    from chaosmesh.errors import KeeperLostError

    if call.excinfo is not None and call.excinfo.errisinstance(KeeperLostError):
        item.config.stash[_LOST] = True
        item.session.shouldstop = str(call.excinfo.value)


def _rows(name: str, run: Run, folder: str) -> list[list[str]]:
    faults = " + ".join(one.partition(": ")[0] for one in run.faults) or "none"
    policy = f" ({run.policy})" if run.policy else ""
    return [
        [
            name + policy,
            faults,
            one.statement,
            _seen(one),
            run.verdict.value if run.verdict.value == "invalid" else one.decision.verdict.value,
            folder,
        ]
        for one in run.claims
    ]


def _seen(claimed: Claimed) -> str:
    decision = claimed.decision
    if decision.observed is None:
        return "nothing counted"
    value = f"{decision.observed * 100:.4g} %" if claimed.is_share else f"{decision.observed:.3g}"
    planned = f", planned {claimed.planned:,}" if claimed.planned else ""
    return f"{value} of {decision.n:,}{planned}"


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """`inconclusive` is a failure and `invalid` an error, each under its own word."""
    return _WORDS.get(getattr(report, "chaosmesh_word", ""))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table of all expectations."""
    reports = [one for many in terminalreporter.stats.values() for one in many]
    rows = [row for one in reports for row in getattr(one, "chaosmesh_rows", ())]
    if not rows:
        return
    terminalreporter.section("chaosmesh")
    table = [["experiment", "fault", "claim", "evidence", "verdict"], *(row[:-1] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        terminalreporter.write_line(line.rstrip())
    room = max(100, int(terminalreporter.config.getini("chaosmesh_claims")))
    if len(rows) > room:
        text = f"{len(rows)} claims where room for {room} was made: set chaosmesh_claims = {len(rows)}"
        terminalreporter.write_line(text)
    for folder in dict.fromkeys(row[-1] for row in rows if row[-1]):
        terminalreporter.write_line(f"run folder: {folder}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A lost keeper is an error of the environment."""
    if session.config.stash.get(_LOST, False):
        session.exitstatus = 4


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what was kept warm."""
    if meshes := config.stash.get(_MESHES, None):
        meshes.close()


def _option(config: pytest.Config, name: str) -> str:
    """From the command line, else from the ini file."""
    given = config.getoption(f"chaos_{name}")
    return str(config.getini(f"chaosmesh_{name}") if given is None else given)

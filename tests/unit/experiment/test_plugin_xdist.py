"""The plugin across workers of xdist: each has its own meshes, the controller tells of all."""

from __future__ import annotations

import json

import pytest

from tests.conftest import ROOT

pytest_plugins = ["pytester"]

CONFTEST = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from types import SimpleNamespace
import pytest
from chaosmesh.engine.experiment import session
from tests.unit.experiment import test_plugin as written

class Meshes(written.WrittenMeshes):
    def close(self):
        return [one for one in ("a sidecar",) if "left" in str(self.runs)]

session.Meshes = Meshes
session.missing_tool = lambda _kind: ""
def experiment(live, **wishes):
    runs = []
    return written.WrittenMesh(runs, wishes["tolerated"]), runs
session.experiment = experiment
"""

TESTS = """
import pytest
@pytest.mark.chaosmesh("docs")
@pytest.mark.parametrize("number", range(2))
def test_it(mesh, number):
    mesh.expect("pass")
@pytest.mark.chaosmesh("docs")
def test_undecided(mesh):
    mesh.expect("inconclusive")
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.delenv("CI", raising=False)
    pytester.mkdir("docs")
    pytester.makeconftest(CONFTEST)
    return pytester


def run(project: pytest.Pytester, workers: int, *options: str) -> pytest.RunResult:
    return project.runpytest_subprocess("-p", "no:locust", "-n", str(workers), *options)


def test_workers_have_run_folders_of_their_own_and_the_table_is_whole(project: pytest.Pytester) -> None:
    """The same test in both workers at once; what one of them leaves behind fails the session."""
    project.makepyfile(TESTS)
    result = run(project, 2, "-v", "--junit-xml=junit.xml", "--dist", "each", "--chaos-report", "left")
    result.assert_outcomes(passed=4, failed=2)
    assert result.ret == 1
    lines = result.stdout.lines
    assert sum(line.startswith("test_it[") for line in lines) == 4
    result.stdout.fnmatch_lines(["*INCONCLUSIVE*", "profile appmesh, seed 0, *", "left behind: a sidecar"])
    folders = {line.removeprefix("run folder: ") for line in lines if line.startswith("run folder: ")}
    assert len(folders) == 6
    tests = [json.loads((project.path / one / "run.json").read_text())["test"] for one in folders]
    assert len(set(tests)) == 3
    assert (project.path / "junit.xml").read_text().count('"chaosmesh.verdict"') == 6


def test_a_limit_met_by_a_worker_ends_the_whole_session_with_5(project: pytest.Pytester) -> None:
    project.makepyfile(TESTS.replace('mesh.expect("inconclusive")', "mesh.exceed()"))
    result = run(project, 1)
    assert result.ret == 5
    result.stdout.fnmatch_lines(["stopped by a limit: 40 of 50 requests failed*"])

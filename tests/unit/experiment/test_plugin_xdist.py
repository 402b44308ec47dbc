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
session.missing_tool = lambda: ""
def experiment(live, **wishes):
    runs = []
    return written.WrittenMesh(runs, wishes["tolerated"]), runs
session.experiment = experiment
"""

TESTS = """
import pytest
@pytest.mark.chaosmesh("docs")
@pytest.mark.parametrize("number", range(6))
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


def run(project: pytest.Pytester, *options: str) -> pytest.RunResult:
    return project.runpytest_subprocess("-p", "no:locust", "-n", "2", *options)


def test_the_table_is_whole_and_no_run_folder_is_shared(project: pytest.Pytester) -> None:
    project.makepyfile(TESTS)
    result = run(project, "-v", "--junit-xml=junit.xml")
    result.assert_outcomes(passed=6, failed=1)
    lines = result.stdout.lines
    assert sum(line.startswith(f"test_it[{n}] ") for n in range(6) for line in lines) == 6
    result.stdout.fnmatch_lines(["*INCONCLUSIVE*", "profile appmesh, seed 0, *"])
    folders = {line.removeprefix("run folder: ") for line in lines if line.startswith("run folder: ")}
    assert len(folders) == 7
    tests = [json.loads((project.path / one / "run.json").read_text())["test"] for one in folders]
    assert len(set(tests)) == 7
    assert (project.path / "junit.xml").read_text().count("chaosmesh.verdict") == 7


def test_the_same_test_in_two_workers_at_once_gets_two_folders(project: pytest.Pytester) -> None:
    project.makepyfile(
        'import pytest\n@pytest.mark.chaosmesh("docs")\ndef test_it(mesh):\n    mesh.expect("pass")\n'
    )
    result = run(project, "--dist", "each")
    result.assert_outcomes(passed=2)
    assert len([one for one in (project.path / "runs" / "test_it").iterdir() if not one.is_symlink()]) == 2


def test_a_limit_met_by_a_worker_ends_the_whole_session_with_5(project: pytest.Pytester) -> None:
    project.makepyfile(TESTS.replace('mesh.expect("inconclusive")', "mesh.exceed()"))
    result = run(project)
    assert result.ret == 5
    result.stdout.fnmatch_lines(["stopped by a limit: 40 of 50 requests failed*"])


def test_what_a_worker_leaves_behind_fails_the_session(project: pytest.Pytester) -> None:
    project.makepyfile(TESTS.partition('@pytest.mark.chaosmesh("docs")\ndef test_undecided')[0])
    result = run(project, "--chaos-report", "left")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["left behind: a sidecar"])

"""The plugin around a mesh whose verdicts are written down: options, words, skips, the table."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pytest

from chaosmesh import Run, Verdict
from chaosmesh.engine.experiment import session as experiment_session
from chaosmesh.engine.experiment.holding import Meant
from chaosmesh.engine.experiment.result import ERRORS, Claimed
from chaosmesh.errors import (
    ChaosMeshError,
    DocumentError,
    KeeperLostError,
    LimitExceededError,
    Problem,
    UsageError,
    Where,
)
from chaosmesh.judge import Evidence, at_least, judge, requirement
from chaosmesh.ledger import Ledger

pytest_plugins = ["pytester"]


def run_of(word: str) -> Run:
    asked = requirement("success", at_least(0.95))
    kept = {"pass": 1000, "fail": 500, "inconclusive": 955, "invalid": 1000}[word]
    decision = judge(asked, Evidence.share(1000, kept))
    return Run(
        verdict=Verdict(word),
        reason="the generator was late" if word == "invalid" else decision.reason,
        requests=1000,
        claims=(Claimed("success at least 0.95", decision, 211),),
        observed={"success": kept / 1000},
        predicted={"success": 1.0},
        faults=("503 30 % on flights → weather: met 300 of 1,000 attempts",),
        ledger=Ledger(),
    )


class WrittenMeshes:
    """Stands where the running meshes are kept; notes what is asked of it."""

    wanted: ClassVar[list[object]] = []
    settled = 0
    closed = 0
    left: ClassVar[list[str]] = []
    unsettled = ""
    started: Exception | None = None
    unused: ClassVar[list[Meant]] = []
    noted: ClassVar[list[str]] = []

    def __init__(self, runs: Path, say: Callable[[str], None]) -> None:
        self.runs, self.say = runs, say
        self.said: list[str] = []

    def of(self, wanted):
        for text in WrittenMeshes.noted:
            self.say(text)
        if WrittenMeshes.started:
            raise WrittenMeshes.started
        WrittenMeshes.wanted.append(wanted)
        scenario = SimpleNamespace(seed=7)
        return SimpleNamespace(name="airport", scenario=scenario, unused=lambda: WrittenMeshes.unused)

    def settle(self, live) -> None:
        WrittenMeshes.settled += 1
        if WrittenMeshes.unsettled:
            raise ChaosMeshError(WrittenMeshes.unsettled)

    def warm(self, live) -> bool:
        return False

    def close(self) -> list[str]:
        WrittenMeshes.closed += 1
        return WrittenMeshes.left


class WrittenMesh:
    """`mesh.expect("fail")` ends as a real expectation with that verdict does."""

    def __init__(self, runs: list[Run], tolerated) -> None:
        self._runs = runs
        self._tolerated = tolerated

    def expect(self, word: str) -> Run:
        run = run_of(word)
        self._runs.append(run)
        if run.verdict is not Verdict.PASS and run.verdict not in self._tolerated:
            raise ERRORS[run.verdict](run)
        return run

    def lose(self) -> None:
        raise KeeperLostError("the keeper ended")

    def exceed(self) -> None:
        raise LimitExceededError("stopped by a limit: 40 of 50 requests failed, limits.errors is 20 %")


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    asked: list[dict] = []

    def experiment(live, **wishes):
        asked.append(wishes)
        runs: list[Run] = []
        return WrittenMesh(runs, wishes["tolerated"]), runs

    WrittenMeshes.wanted, WrittenMeshes.settled, WrittenMeshes.closed = [], 0, 0
    WrittenMeshes.started, WrittenMeshes.left, WrittenMeshes.unsettled = None, [], ""
    WrittenMeshes.unused = []
    monkeypatch.setattr(experiment_session, "Meshes", WrittenMeshes)
    monkeypatch.setattr(experiment_session, "experiment", experiment)
    monkeypatch.setattr(experiment_session, "missing_tool", lambda _kind: "")
    monkeypatch.delenv("CI", raising=False)
    pytester.mkdir("docs")
    pytester.asked = asked
    return pytester


def experiment_with(body: str, marker: str = '"docs"') -> str:
    return f"import pytest\n@pytest.mark.chaosmesh({marker})\ndef test_it(mesh):\n    {body}\n"


def outcome(project: pytest.Pytester, body: str, *options: str, marker: str = '"docs"'):
    project.makepyfile(experiment_with(body, marker))
    return project.runpytest_inprocess("-p", "no:locust", "--strict-markers", *options)


def test_a_pass_is_told_in_the_table_with_evidence_and_folder(project):
    result = outcome(project, 'mesh.expect("pass")')
    result.assert_outcomes(passed=1)
    result.stdout.re_match_lines(
        [
            r"chaosmesh: 1 experiment; profile appmesh, seed 0, undecided fail, report runs",
            r"experiment +fault +claim +evidence +verdict",
            r"test_it +503 30 % on flights → weather +success at least 0.95 +100 % of 1,000, planned 211 +pass",
            r"run folder: .*runs/test_it/",
        ]
    )
    assert (WrittenMeshes.settled, WrittenMeshes.closed) == (1, 1)
    assert (project.path / "runs" / "test_it" / "latest" / "run.json").is_file()


def test_a_fail_is_a_failure_with_its_evidence(project):
    result = outcome(project, 'mesh.expect("fail")')
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*chaosmesh evidence*", "fail: success at least 0.95: 50 % of 1,000*"])
    assert result.ret == 1


def test_inconclusive_is_a_failure_under_its_own_word(project):
    result = outcome(project, 'mesh.expect("inconclusive")', "-v")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*::test_it INCONCLUSIVE*", "*chaosmesh.Inconclusive: success*"])
    assert result.ret == 1


@pytest.mark.parametrize("how", ["option", "ini"])
def test_inconclusive_may_be_let_pass(project, how):
    if how == "ini":
        project.makeini("[pytest]\nchaosmesh_undecided = warn\n")
    options = ["--chaos-undecided", "warn"] if how == "option" else []
    result = outcome(project, 'mesh.expect("inconclusive")', *options)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["test_it*inconclusive"])


def test_invalid_is_an_error_under_its_own_word_and_never_let_pass(project):
    result = outcome(project, 'mesh.expect("invalid")', "-v", "--chaos-undecided", "warn")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*::test_it INVALID*", "*chaosmesh.Invalid: the generator was late*"])
    assert result.ret == 1


def test_options_win_over_the_marker_s_absence_and_the_marker_over_options(project):
    outcome(
        project,
        'mesh.expect("pass")',
        *("--chaos-seed", "3", "--chaos-profile", "envoy", "--chaos-workers", "2"),
    )
    assert (WrittenMeshes.wanted[0].profile, WrittenMeshes.wanted[0].workers) == ("envoy", 2)
    assert project.asked[0]["seed"] == 3
    outcome(
        project,
        'mesh.expect("pass")',
        *("--chaos-seed", "3", "--chaos-profile", "envoy"),
        marker='"docs", seed=5, profile="appmesh-legacy", variables={"A": "1"}',
    )
    assert WrittenMeshes.wanted[1].profile == "appmesh-legacy"
    assert WrittenMeshes.wanted[1].variables == (("A", "1"),)
    assert project.asked[1]["seed"] == 5


def test_the_report_goes_where_it_is_told(project):
    outcome(project, 'mesh.expect("pass")', "--chaos-report", "evidence")
    assert (project.path / "evidence" / "test_it" / "latest").exists()


def test_what_did_not_pass_gets_a_page(project):
    outcome(project, 'mesh.expect("fail")')
    page = project.path / "runs" / "test_it" / "latest" / "report.html"
    assert "An expectation is not kept" in page.read_text()


@pytest.mark.parametrize("asked", [False, True])
def test_what_passed_gets_a_page_only_where_it_is_asked_for(project, asked):
    outcome(project, 'mesh.expect("pass")', *(["--chaos-report", "runs"] if asked else []))
    assert (project.path / "runs" / "test_it" / "latest" / "report.html").exists() == asked


def test_junit_has_the_verdict_and_the_folder(project):
    outcome(project, 'mesh.expect("pass")', "--junit-xml=junit.xml")
    text = (project.path / "junit.xml").read_text()
    assert '<property name="chaosmesh.verdict" value="pass"' in text
    assert '<property name="chaosmesh.requests" value="1000"' in text
    assert '<property name="chaosmesh.claims" value="success at least 0.95: pass"' in text
    assert '<property name="chaosmesh.seed" value="7"' in text
    assert "met 300 of 1,000 attempts" in text
    assert '<property name="chaosmesh.folder"' in text


@pytest.mark.parametrize(("ci", "word"), [("", "skipped"), ("true", "errors")])
def test_a_missing_tool_skips_here_and_fails_in_ci(project, monkeypatch, ci, word):
    text = "Toxiproxy 2.12.0 is not installed; to install it: chaosmesh setup"
    monkeypatch.setattr(experiment_session, "missing_tool", lambda _kind: text)
    monkeypatch.setenv("CI", ci)
    result = outcome(project, 'mesh.expect("pass")', "-rs")
    result.assert_outcomes(**{word: 1})
    result.stdout.fnmatch_lines(["*to install it: chaosmesh setup*"])


def test_a_name_that_is_wrong_is_told_without_our_own_code(project):
    WrittenMeshes.started = UsageError("there is no such thing", hint="look again")
    result = outcome(project, "pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["there is no such thing", "*look again"])
    assert "pytest_plugin.py" not in result.stdout.str()


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ('"docs", retries=3', "the marker chaosmesh has no retries"),
        ('"docs", runtime="moon"', "chaosmesh marker: runtime='moon': choose from process, docker"),
        ('"docs", traces="zipkin"', "chaosmesh marker: traces='zipkin': choose from otel, xray, off"),
        ('"docs", seed="x"', "the marker's seed='x' is no whole number"),
        ('"docs", variables=["A=1"]', "the marker's variables=[[]'A=1'[]]: names with values"),
        ('"docs", scenario=5', "the marker names 5: no file, folder or glob"),
        ("5", "the marker names 5: no file, folder or glob"),
        ('""', "the marker names '': no file, folder or glob"),
    ],
)
def test_a_marker_that_makes_no_sense_is_told_without_our_own_code(project, marker, said):
    result = outcome(project, "pass", marker=marker)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([said])
    assert "pytest_plugin" not in result.stdout.str()
    assert "During handling" not in result.stdout.str()
    assert not WrittenMeshes.wanted


def test_a_variable_without_a_value_is_bound_as_pytest_does_it(project):
    where = Where("docs/a.json", 3, 5)
    WrittenMeshes.started = DocumentError(
        [Problem(where, "ENV has no value", "bind it with --set ENV=VALUE")]
    )
    result = outcome(project, "pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "docs/a.json:3:5 ENV has no value",
            '*→ bind it with variables={"ENV": …} of the marker, or --chaos-set ENV=VALUE',
        ]
    )


def test_documents_that_are_nowhere_are_told_with_where_they_were_looked_for(project):
    result = outcome(project, "pass", marker='"elsewhere"')
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["there is no 'elsewhere'*", f"*looked in {project.path}*"])


def test_without_the_marker_the_fixture_says_what_it_needs(project):
    project.makepyfile("def test_it(mesh):\n    pass\n")
    result = project.runpytest_inprocess("-p", "no:locust")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(['*needs @pytest.mark.chaosmesh("path/to/documents")*'])


def test_variables_of_the_command_line_reach_every_mesh_and_the_marker_s_own_win(project):
    project.makeini("[pytest]\nchaosmesh_set =\n  A=ini\n  B=ini\n  C=ini\n")
    outcome(
        project,
        'mesh.expect("pass")',
        *("--chaos-set", "B=line", "--chaos-set", "C=line"),
        marker='"docs", variables={"C": "marker"}',
    )
    assert WrittenMeshes.wanted[0].variables == (("A", "ini"), ("B", "line"), ("C", "marker"))


@pytest.mark.parametrize(
    ("options", "alpha"),
    [
        ((), 1e-4),
        (("--chaos-claims", "500"), 2e-5),
        (("--chaos-alpha", "0.001"), 1e-5),
        (("--chaos-alpha", "0.001", "--chaos-claims", "500"), 2e-6),
    ],
)
def test_each_claim_gets_its_share_of_the_session_s_alpha(project, options, alpha):
    outcome(project, 'mesh.expect("pass")', *options)
    assert project.asked[0]["alpha"] == pytest.approx(alpha)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--chaos-set", "A"), "*write NAME=VALUE*"),
        (("--chaos-alpha", "2"), "*write a share above 0 and below 1*"),
        (("--chaos-runtime", "moon"), "*invalid choice: 'moon'*"),
        (("--chaos-workers", "65"), "*--chaos-workers: write a number from 1 to 64*"),
        (("-o", "chaosmesh_profile=mine"), "*chaosmesh_profile = mine: choose from appmesh*"),
        (("-o", "chaosmesh_seed=x"), "*chaosmesh_seed = x: is no number*"),
    ],
)
def test_an_option_that_makes_no_sense_is_told_before_anything_runs(project, options, said):
    result = outcome(project, 'mesh.expect("pass")', *options)
    assert result.ret == 4
    result.stderr.fnmatch_lines([said])
    assert not WrittenMeshes.wanted


def test_a_limit_of_the_scenario_ends_the_session_with_5_under_its_own_word(project):
    project.makepyfile(experiment_with("mesh.exceed()") + "def test_after():\n    raise SystemError\n")
    result = project.runpytest_inprocess("-p", "no:locust", "-v")
    assert result.ret == 5
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*::test_it STOPPED*", "stopped by a limit: 40 of 50 requests failed*"])


def test_what_a_test_leaves_behind_is_an_error_of_its_teardown(project):
    WrittenMeshes.unsettled = "after the test the mesh is not as before: toxic reset-1 on a>b"
    result = outcome(project, 'mesh.expect("pass")')
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*the mesh is not as before: toxic reset-1*", "*success at least 0.95*pass"])


@pytest.mark.parametrize(("word", "errors"), [("pass", 1), ("fail", 0)])
def test_a_test_that_passed_without_the_fault_that_it_made_is_an_error(project, word, errors):
    WrittenMeshes.unused = [Meant("503 on a → b was made, and never put in force", "with …:")]
    result = outcome(project, f'mesh.expect("{word}")')
    result.assert_outcomes(passed=int(word == "pass"), failed=int(word == "fail"), errors=errors)
    assert result.stdout.str().count("503 on a → b was made, and never put in force\n    → with …:") == errors
    assert WrittenMeshes.settled == 1


def test_what_a_session_leaves_behind_fails_it(project):
    WrittenMeshes.left = ["envoy of run r1 (pid 7)"]
    result = outcome(project, 'mesh.expect("pass")')
    assert result.ret == 1
    result.stdout.fnmatch_lines(["left behind: envoy of run r1 (pid 7)"])


def test_ctrl_c_heals_tells_what_was_decided_and_ends_with_130(project):
    body = 'mesh.expect("pass"); raise KeyboardInterrupt'
    result = outcome(project, body)
    assert result.ret == 130
    assert (WrittenMeshes.settled, WrittenMeshes.closed) == (1, 1)
    result.stdout.fnmatch_lines(["test_it *pass", "interrupted: everything is healed and stopped"])
    assert (project.path / "runs" / "test_it" / "latest" / "run.json").is_file()


def test_ctrl_c_without_an_experiment_is_pytest_s_own(project):
    project.makepyfile("def test_it():\n    raise KeyboardInterrupt\n")
    result = project.runpytest_subprocess("-p", "no:locust")
    assert result.ret == 2
    assert "interrupted: everything" not in result.stdout.str()


def test_an_end_that_is_not_ctrl_c_keeps_its_code(project):
    project.makepyfile(experiment_with('mesh.expect("pass"); pytest.exit("enough", 7)'))
    assert project.runpytest_inprocess("-p", "no:locust").ret == 7


def test_a_lost_keeper_ends_the_session_with_4(project):
    project.makepyfile(experiment_with("mesh.lose()") + "def test_after():\n    pass\n")
    result = project.runpytest_inprocess("-p", "no:locust")
    assert result.ret == 4
    result.assert_outcomes(failed=1)


def test_more_claims_than_there_is_room_for_are_told(project):
    result = outcome(project, 'for _ in range(101): mesh.expect("pass")')
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["101 claims where room for 100 was made: set chaosmesh_claims = 101"])


def test_a_session_without_experiments_hears_nothing_of_it(project):
    project.makepyfile("def test_it():\n    pass\n")
    result = project.runpytest_inprocess("-p", "no:locust")
    result.assert_outcomes(passed=1)
    assert "chaosmesh:" not in result.stdout.str()


def test_the_plugin_imports_nothing_of_chaosmesh_until_it_is_used():
    code = "import sys, pytest, chaosmesh.pytest_plugin; print(sorted(m for m in sys.modules if 'chaosmesh' in m))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = ast.literal_eval(answer.stdout)
    assert "chaosmesh.pytest_plugin" in found
    assert [one for one in found if not one.startswith("chaosmesh.pytest_plugin")] == ["chaosmesh"]


def test_what_would_begin_after_the_budget_is_undecided_by_name(project):
    result = outcome(project, 'mesh.expect("pass")', "--chaos-budget", "0ms", "--junitxml", "junit.xml")
    assert result.ret == 1
    result.stdout.re_match_lines([r".*INCONCLUSIVE .*test_it.*"])
    result.stdout.fnmatch_lines(["*not tried: the budget of 0 s was over*"])
    assert WrittenMeshes.wanted == []
    assert 'name="chaosmesh.verdict" value="inconclusive"' in (project.path / "junit.xml").read_text()


def test_a_budget_that_is_not_over_changes_nothing(project):
    outcome(project, 'mesh.expect("pass")', "--chaos-budget", "1h").assert_outcomes(passed=1)


def test_what_the_budget_leaves_out_may_be_let_pass(project):
    options = ("--chaos-budget", "0ms", "--chaos-undecided", "warn")
    outcome(project, 'mesh.expect("pass")', *options).assert_outcomes(skipped=1)


def test_a_budget_without_a_unit_is_refused_before_anything_is_collected(project):
    result = outcome(project, 'mesh.expect("pass")', "--chaos-budget", "10")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*--chaos-budget*"])


def test_the_run_folder_holds_the_expectations_as_junit(project):
    outcome(project, 'mesh.expect("pass")', "--chaos-report", "left").assert_outcomes(passed=1)
    (file,) = (project.path / "left" / "test_it").glob("2*/junit.xml")
    assert 'name="expectation 1"' in file.read_text()


def test_every_option_is_in_the_documentation(pytestconfig):
    page = (Path(__file__).resolve().parents[3] / "docs" / "experiments.md").read_text(encoding="utf-8")
    known = [one for one in vars(pytestconfig.option) if one.startswith("chaos_")]
    missing = [one for one in known if f"| `--{one.replace('_', '-')}" not in page]
    assert len(known) > 10
    assert not missing

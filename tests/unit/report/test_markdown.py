"""The report as Markdown, in the terminal, and by the command."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from click.testing import CliRunner

from chaosmesh.cli.report import report
from chaosmesh.errors import UsageError
from chaosmesh.report.book import read
from chaosmesh.report.markdown import markdown
from chaosmesh.report.text import show
from tests import runfolders
from tests.unit.report import samples
from tests.unit.report.test_book import CANARY, experiment


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return runfolders.ledger(runfolders.finished(tmp_path / "run", experiment()), 400, fault=(100, 200))


def test_a_verification_as_markdown(tmp_path: Path) -> None:
    text = markdown(read(runfolders.verified(tmp_path / "run", samples.result())))
    assert text.startswith("# Not decided\n")
    assert "| Edge | 503 30 % | +300 ms | all down |" in text
    assert "| flights → weather | ok 100 % | WEAK 2.03 s | undecided |" in text
    assert "Cure, tried on the running mesh: perRetryTimeout 250 ms" in text
    assert "```mermaid\nflowchart LR" in text
    assert "chaosmesh verify fixtures/airport" in text


def test_an_experiment_as_markdown(run: Path) -> None:
    text = markdown(read(run))
    assert "| success at least 0.95 | fail | 75 % | 70 % | 80 % | 95 % | 400 |" in text
    assert "400 requests, 75.0 % ok" in text
    assert "| before the fault | 100 |" in text


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    document = experiment(policy="<img src=x>| [a](b) `c`")
    run = runfolders.ledger(runfolders.finished(tmp_path / "run", document), 10)
    text = markdown(read(run))
    assert "<img" not in text
    assert r"\| \[a\](b) \`c\`" in text


def test_other_runs_are_told_in_lines(run: Path, tmp_path: Path) -> None:
    out = io.StringIO()
    show(read(run), str(run), out, io.StringIO())
    assert "FAILED  An expectation is not kept" in out.getvalue()
    assert "success at least 0.95: 75 % (70 % – 80 %), bound 95 %, n = 400" in out.getvalue()
    canary = runfolders.ledger(runfolders.finished(tmp_path / "canary", CANARY), 10)
    out = io.StringIO()
    show(read(canary), str(canary), out, io.StringIO())
    assert "taken back: 60 of 120 calls" in out.getvalue()


def test_the_command_writes_what_is_asked_for(run: Path, tmp_path: Path) -> None:
    (run / "junit.xml").write_text("<testsuites/>\n")
    page, junit = tmp_path / "out" / "r.html", tmp_path / "out" / "j.xml"
    done = CliRunner().invoke(
        report, [str(run), "--html", str(page), "--markdown", "-", "--junit", str(junit)]
    )
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("# An expectation is not kept")
    assert page.read_text().startswith("<!doctype html>")
    assert junit.read_text() == "<testsuites/>\n"


@pytest.mark.parametrize("damaged", [b"<testsuites><test", b"", b"\xd1\xff"])
def test_a_junit_file_that_nobody_could_read_is_not_handed_on(run: Path, damaged: bytes) -> None:
    (run / "junit.xml").write_bytes(damaged)
    done = CliRunner().invoke(report, [str(run), "--junit", "-"])
    assert isinstance(done.exception, UsageError)
    assert "junit.xml can't be read" in str(done.exception)
    assert done.stdout == ""


def test_a_run_without_a_junit_file_is_not_told_as_killed(run: Path) -> None:
    (run / "logs").mkdir()
    done = CliRunner().invoke(report, [str(run), "--junit", "-"])
    assert "junit.xml is missing: this run wrote none" in str(done.exception)


def test_a_run_may_be_named_by_its_result(run: Path) -> None:
    done = CliRunner().invoke(report, [str(run / "run.json"), "--markdown", "-"])
    assert done.stdout.startswith("# An expectation is not kept")


def test_the_command_shows_it_here_when_nothing_else_is_asked_for(tmp_path: Path) -> None:
    run = runfolders.verified(tmp_path / "run", samples.result())
    done = CliRunner().invoke(report, [str(run)])
    assert "WEAK" in done.stdout
    assert "Not decided" in done.stdout


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--html", "."], "--html: . is a folder"),
        (["--markdown", "-", "--junit", "-"], "only one of them"),
        (["--junit", "-"], "junit.xml is missing"),
        ([], "run.json is missing"),
    ],
)
def test_what_can_not_be_done_is_said_first(args: list[str], says: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(report, [str(tmp_path), *args])
    assert done.exception is not None
    assert says in str(done.exception)

"""GitHub: annotations on the documents' lines as its runner reads them, within what it shows; the step summary."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chaosmesh.appmesh import load
from chaosmesh.appmesh.translate import translate
from chaosmesh.cli.program import run
from chaosmesh.engine.gate import GateResult, Item, PartResult
from chaosmesh.engine.gate.verifying import items_of
from chaosmesh.errors import ExitCode, Where
from chaosmesh.judge import Verdict
from chaosmesh.mesh.picture import picture
from chaosmesh.report import github_summary
from chaosmesh.report.github import MOST, Annotation, commands, of_gate, of_verify
from chaosmesh.report.md import escaped
from chaosmesh.report.mermaid import topology
from tests.conftest import ROOT
from tests.unit.report import samples

AIRPORT = ROOT / "fixtures" / "airport"
COMMAND = re.compile(r"^::(error|warning|notice) ([^:]*)::(.*)$")


def read(line: str) -> tuple[str, dict[str, str], str]:
    """A command as the runner takes it apart: properties by `,` and `=`, then unescaped."""
    found = COMMAND.fullmatch(line)
    assert found is not None, line
    facts = dict(one.split("=", 1) for one in found[2].split(","))
    back = {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"}

    def plain(text: str) -> str:
        return re.sub("%0D|%0A|%3A|%2C|%25", lambda one: back[one[0]], text)

    return found[1], {name: plain(value) for name, value in facts.items()}, plain(found[3])


def test_everything_that_has_a_meaning_is_escaped(tmp_path):
    odd = "100 %, a:b\r\nc=d"
    place = Where(str(tmp_path / "a,b:c %.json"), 3, 7)
    (line,) = commands([Annotation("error", odd, odd, place)], tmp_path).splitlines()
    level, facts, message = read(line)
    assert level == "error"
    assert facts["file"] == "a,b:c %.json"
    assert (facts["line"], facts["col"]) == ("3", "7")
    assert facts["title"] == "100 %, a:b c=d"
    assert message == odd


def test_paths_start_from_the_workspace_and_others_are_told_in_the_message(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    inside, outside = Where("sub/a.json", 1, 1), Where("/elsewhere/b.json", 2, 1)
    lines = commands(
        [Annotation("error", "t", "m", inside), Annotation("error", "t", "m", outside)], tmp_path
    )
    first, second = map(read, lines.splitlines())
    assert first[1]["file"] == "sub/a.json"
    assert "file" not in second[1]
    assert second[2] == "/elsewhere/b.json:2:1: m"


def test_no_more_of_a_level_than_github_shows_and_the_rest_is_counted(tmp_path):
    many = [Annotation("error", "t", f"m{n}") for n in range(25)] + [Annotation("warning", "t", "w")]
    lines = commands(many, tmp_path).splitlines()
    assert sum(one.startswith("::error") for one in lines) == MOST == 10
    assert "chaosmesh: 15 more errors than GitHub shows" in lines
    assert sum(one.startswith("::warning") for one in lines) == 1


def test_a_broken_run_is_annotated_the_worst_first():
    result = samples.broken_result()
    found = list(of_verify(result))
    levels = [one.level for one in found]
    assert levels == sorted(levels)
    assert {one.title for one in found if one.level == "error"} >= {"the waiver has expired"}
    bad = sum(one.verdict is not Verdict.PASS for one in items_of(result))
    assert len(found) == bad + len(result.expired)


def test_a_weak_edge_without_a_declared_goal_is_a_warning():
    found = [one for one in of_verify(samples.result()) if one.title.startswith("weak: ")]
    assert [one.level for one in found] == ["warning"]


def test_a_clean_run_says_nothing():
    assert commands(of_verify(samples.clean_result())) == ""


def test_wrong_input_is_annotated_on_its_line(tmp_path, monkeypatch, capsys):
    file = tmp_path / "chaosmesh.yaml"
    file.write_text(f"mesh: [{AIRPORT}/*.json]\ngate: {{verify: true,\n  budget: soon, claims: 0}}\n")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    assert run(["gate", str(tmp_path)]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("::")]
    found = [read(line) for line in lines]
    assert [(level, facts["file"], facts["line"]) for level, facts, _ in found] == [
        ("error", "chaosmesh.yaml", "3"),
        ("error", "chaosmesh.yaml", "3"),
    ]
    assert "is no duration" in " ".join(message for *_, message in found)
    assert run(["report", str(tmp_path / "gone")]) == 2
    level, facts, message = read(capsys.readouterr().err.splitlines()[-1])
    assert (level, facts["title"]) == ("error", "wrong input")
    assert "runs/NAME/latest" in message
    monkeypatch.delenv("GITHUB_ACTIONS")
    assert run(["report", str(tmp_path / "gone")]) == 2
    assert "::" not in capsys.readouterr().err


def test_lint_in_a_workflow(tmp_path, monkeypatch, capsys):
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(ROOT))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    assert run(["lint", str(AIRPORT)]) == 0
    shown = capsys.readouterr()
    level, facts, _ = read(shown.err.splitlines()[0])
    assert level == "warning"
    assert facts["file"].startswith("fixtures/airport/")
    assert facts["title"] in summary.read_text()
    monkeypatch.delenv("GITHUB_ACTIONS")
    run(["lint", str(AIRPORT)])
    assert "::warning" not in capsys.readouterr().err


def gate(*parts: PartResult) -> GateResult:
    return GateResult("night", parts, 7, "process", "appmesh", 61.0)


def verified() -> PartResult:
    result = samples.broken_result()
    return PartResult(
        "verify",
        "airport",
        Verdict.FAIL,
        ExitCode.FAIL,
        "1 fail",
        0.005,
        50,
        "parts/1",
        9.0,
        items_of(result),
        (),
        result,
    )


def test_the_summary_has_the_verdict_first_the_topology_and_the_matrix():
    mesh = translate(load([AIRPORT]))
    text = github_summary.fitting(github_summary.of_verify(samples.result(), mesh))
    assert text.startswith("## ")
    assert "Not decided" in text.splitlines()[0] or "Works as written" in text.splitlines()[0]
    assert "```mermaid\nflowchart LR" in text
    assert "| edge | 503 30 % |" in text
    assert text.index("What users feel") < text.index("mermaid")


def test_the_summary_of_a_gate_names_every_part_and_what_is_not_in_order():
    late = PartResult(
        "slo", "slo", Verdict.INCONCLUSIVE, ExitCode.UNDECIDED, "over", 0.0, 2, left_out=("users at x",)
    )
    night = gate(verified(), late)
    text = github_summary.fitting(github_summary.of_gate(night, translate(load([AIRPORT]))))
    assert text.startswith("## ❌ night: fail, exit 1")
    assert "| airport (verify) | ❌ fail | 1 fail |" in text
    assert "users at x" in text
    assert next(one.level for one in of_gate(night)) == "error"


def test_the_summary_never_exceeds_what_github_takes(tmp_path):
    many = tuple(Item(f"{n} " + "ü" * 5000, Verdict.FAIL, "|" * 5000) for n in range(900))
    parts = [
        PartResult("slo", f"p{n}", Verdict.FAIL, ExitCode.FAIL, "", 0.0, 1, "f", 1.0, many) for n in range(12)
    ]
    target = tmp_path / "summary.md"
    target.write_text("x" * 100_000)
    blocks = github_summary.of_gate(gate(*parts), translate(load([AIRPORT])))
    assert sum(len(one.encode()) for one in blocks) > github_summary.LIMIT
    github_summary.append_summary(target, blocks)
    assert target.stat().st_size <= github_summary.LIMIT
    text = target.read_text()
    assert "## ❌ night: fail" in text
    assert text.endswith(github_summary.CUT)


@pytest.mark.parametrize("odd", ["a|b", "<script>", "`x`", "[l](u)", "*b*", "a\nb", "~~s~~", "#1", "$x$"])
def test_names_are_text_in_markdown(odd):
    text = escaped(odd)
    assert "\n" not in text
    assert "<" not in text
    assert not re.search(r"(?<!\\)[`*|\[\]#~$]", text)


def test_the_topology_tells_weak_edges_by_word_and_by_colour():
    mesh = translate(load([AIRPORT]))
    drawn = topology(picture(mesh, ["departures"]), {("departures", "flights.airport.local"): "weak"})
    lines = drawn.splitlines()
    assert lines[0] == "flowchart LR"
    assert '(["departures"])' in drawn
    assert sum("weak" in one for one in lines) == 2
    assert sum(one.strip().startswith("linkStyle") for one in lines) == 2


def test_a_picture_that_nobody_could_read_is_left_out():
    mesh = translate(load([AIRPORT]))
    whole = picture(mesh)
    wide = type(whole)(whole.nodes, whole.edges * 100, whole.columns, whole.rows)
    assert topology(wide, {}) == ""


def test_names_are_text_in_mermaid():
    mesh = translate(load([AIRPORT]))
    whole = picture(mesh)
    (first, *_) = whole.nodes
    odd = type(first)(first.id, 'x"]; click a "b" <b>', first.kind, 0, 0.0)
    drawn = topology(type(whole)((odd,), (), 1, 1), {})
    assert drawn.count('"') == 2
    assert "<" not in drawn


def test_the_step_summary_is_appended_to_what_other_commands_wrote(tmp_path: Path):
    target = tmp_path / "s.md"
    github_summary.append_summary(target, ["one\n"])
    github_summary.append_summary(target, ["two\n"])
    assert target.read_text() == "one\n\ntwo\n\n"

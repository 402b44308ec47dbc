"""Two summaries side by side: what is worse, the same, or not known; and the files that are written of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from click.testing import CliRunner

from chaosmesh.cli.compare import compare as command
from chaosmesh.engine.compare import Comparison, Side, compare
from chaosmesh.engine.stated import Rule
from chaosmesh.engine.summary import Host, Summary
from chaosmesh.engine.summary_items import Item
from chaosmesh.errors import Where
from chaosmesh.report.compare_markdown import LONGEST, comment
from chaosmesh.report.compare_page import render
from chaosmesh.report.compare_text import lines


def cell(name: str, k: int, n: int, verdict: str = "held", within: int | None = None) -> Item:
    in_time = (k if within is None else within, n)
    return Item(name, "cell", name, verdict, k=k, n=n, bound=0.99, good="higher", in_time=in_time)


def check(name: str, verdict: str) -> Item:
    return Item(name, "check", name, verdict, "all 10 calls", n=10)


def side(name: str, items: Sequence[Item]) -> Side:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    summary = Summary(
        "airport", at, "verify", "", "pass", 0, 60.0, 0, "process", "appmesh", {}, Host(), "", tuple(items)
    )
    return Side(name, summary)


def compared(a: Sequence[Item], b: Sequence[Item]) -> Comparison:
    return compare(side("A", a), side("B", b))


def states(found: Comparison) -> dict[str, str]:
    return {one.id: one.state for one in found.behaviours}


def test_each_behaviour_has_its_state() -> None:
    a = [
        cell("kept", 1100, 1100),
        cell("lost", 1100, 1100),
        cell("won", 100, 300, "weak"),
        check("rule", "pass"),
        check("old", "pass"),
    ]
    b = [
        cell("kept", 1090, 1090),
        cell("lost", 150, 213, "weak"),
        cell("won", 1100, 1100),
        check("rule", "fail"),
        check("fresh", "pass"),
    ]
    found = compared(a, b)
    assert states(found) == {
        "kept": "same",
        "lost": "worse",
        "won": "better",
        "rule": "worse",
        "old": "gone",
        "fresh": "new",
    }
    assert int(found.code) == 1


def test_slower_answers_alone_are_worse_too() -> None:
    found = compared([cell("slow", 1100, 1100)], [cell("slow", 1100, 1100, "weak", within=700)])
    assert states(found) == {"slow": "worse"}


def test_a_run_against_itself_is_no_worse() -> None:
    items = [cell("good", 1100, 1100), cell("weak", 177, 213, "weak"), check("rule", "pass")]
    found = compared(items, items)
    assert set(states(found).values()) == {"same"}
    assert int(found.code) == 0


def test_what_was_invalid_is_not_known() -> None:
    starved = replace(cell("x", 900, 1000), verdict="invalid", reason="the host starved")
    found = compared([cell("x", 1000, 1000)], [starved])
    assert states(found) == {"x": "undecided"}
    assert int(found.code) == 3


def test_nothing_in_common_is_not_known() -> None:
    assert int(compared([cell("a", 9, 9)], [cell("b", 9, 9)]).code) == 3


def test_lower_can_be_better() -> None:
    item = Item("errors", "claim", "errors at most 5 %", "pass", k=10, n=1000, good="lower")
    assert states(compared([item], [replace(item, k=400)])) == {"errors": "worse"}


def test_a_comment_keeps_to_what_github_takes() -> None:
    many = [cell(f"edge-{number} → {'x' * 100}", 1100, 1100) for number in range(600)]
    found = compared(many, [replace(one, k=100, n=300, verdict="weak", in_time=(100, 300)) for one in many])
    text = comment(found)
    assert len(text) <= LONGEST
    assert "❌ B is worse than A in 600 things" in text
    assert "more" in text


def test_every_form_names_what_became_worse_and_its_interval() -> None:
    found = compared([cell("lost", 1100, 1100)], [cell("lost", 150, 213, "weak")])
    for text in ("\n".join(lines(found)), comment(found), render(found)):
        assert "lost" in text
        assert "100 % → 70.4 %" in text
        assert "points" in text


def test_two_run_files_through_the_command(tmp_path: Path) -> None:
    for name, item in (("a", cell("lost", 1100, 1100)), ("b", cell("lost", 150, 213, "weak"))):
        (tmp_path / f"{name}.json").write_text(
            json.dumps(side(name, [item]).summary.as_json()), encoding="utf-8"
        )
    arguments = [str(tmp_path / "a.json"), str(tmp_path / "b.json"), "--json", str(tmp_path / "c.json")]
    arguments += ["--markdown", str(tmp_path / "c.md"), "--html", str(tmp_path / "c.html")]
    told = CliRunner().invoke(command, arguments, standalone_mode=False)
    assert told.exception is None
    assert told.return_value == 1
    body = json.loads((tmp_path / "c.json").read_text())
    assert body["schema"] == "chaosmesh.compare/1"
    assert body["behaviours"][0]["facets"][0]["high"] < 0
    assert (tmp_path / "c.html").read_text().startswith("<!doctype html>")
    assert body["rules"] is None
    for text in (told.output, (tmp_path / "c.md").read_text(), (tmp_path / "c.html").read_text()):
        assert "What the documents say differently is not known: A and B keep no rules." in text


def test_another_statement_of_a_check_is_told() -> None:
    found = compared([check("rule", "pass")], [replace(check("rule", "pass"), text="at most 0 retries")])
    assert "in A it read: rule" in comment(found)


def test_what_else_was_not_the_same_is_told() -> None:
    one, other = side("A", [cell("x", 1100, 1100)]), side("B", [cell("x", 1100, 1100)])
    found = compare(one, replace(other, summary=replace(other.summary, seed=3, profile="envoy")))
    for text in ("\n".join(lines(found)), comment(found), render(found)):
        assert "B ran otherwise: profile appmesh → envoy, seed 0 → 3" in text
    assert found.as_json()["ran_otherwise"] == ["profile appmesh → envoy", "seed 0 → 3"]


def test_each_share_has_its_own_state_on_the_page() -> None:
    """The answers are as much in time as before, only fewer of them succeed."""
    found = compared([cell("x", 1100, 1100)], [cell("x", 700, 1100, "weak", within=1100)])
    shares, in_time = found.behaviours[0].facets
    assert (shares.state(0.02), in_time.state(0.02)) == ("worse", "same")
    page = render(found)
    table = page[page.index("How far the shares lie apart</h2>") : page.index("Every check and cell</h2>")]
    assert [table.count(word) for word in ("worse</span>", "the same</span>")] == [1, 1]


def test_what_only_one_side_has_says_why() -> None:
    """A rule that B does not state, one that it states but did not try, and a cell that it did not try."""
    stated = Rule("old", "pass", Where("a.json")), Rule("skipped", "pass", Where("a.json"))
    old = replace(
        side("A", [check("old", "pass"), check("skipped", "pass"), cell("edge", 9, 9), check("x", "pass")]),
        rules=stated,
    )
    found = compare(old, replace(side("B", [check("x", "pass")]), rules=stated[1:]))
    reasons = {one.id: one.reason for one in found.of("gone")}
    assert reasons == {"old": "B has no such rule", "skipped": "not tried in B", "edge": "not tried in B"}
    text = "\n".join(lines(found))
    assert "Only in A 1 item, B has no such rule: old" in text
    assert "2 items, not tried in B: " in text
    for form in (comment(found), render(found)):
        assert "B has no such rule" in form


def test_verdicts_alone_promise_no_intervals() -> None:
    assert "No shares were counted on both sides" in comment(
        compared([check("rule", "pass")], [check("rule", "pass")])
    )

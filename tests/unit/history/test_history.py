"""Thirty simulated nights, as files and through the command: what is named, when, and what is not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.nightlies import Regression, nights, score
from chaosmesh.cli.history import history as command
from chaosmesh.engine.history import Night, add, read, trends
from chaosmesh.engine.history.document import document
from chaosmesh.errors import DocumentError, UsageError
from chaosmesh.report.history_page import render

FALL = Regression(0.995, 0.85, 0.002, night=18)


def put(folder: Path, found: list[Night]) -> Path:
    folder.mkdir(exist_ok=True)
    for one in found:
        (folder / one.file.name).write_text(json.dumps(one.summary.as_json()), encoding="utf-8")
    return folder


def test_the_regression_is_named_within_two_nights_and_nothing_else_is() -> None:
    found = score(range(12), items=8, regression=FALL)
    assert found.false == 0
    assert found.within_two >= 0.9
    assert found.right >= 11


def test_quiet_histories_name_nothing() -> None:
    assert score(range(100, 125), items=8, regression=None).false == 0


def test_the_command_names_night_interval_commits_and_policy(tmp_path: Path) -> None:
    found = nights(3, items=6, regression=FALL)
    changed = [
        replace(one, summary=replace(one.summary, policy="a" * 64 if number < 18 else "b" * 64))
        for number, one in enumerate(found)
    ]
    folder = put(tmp_path / "history", changed)
    target, page = tmp_path / "out.json", tmp_path / "out.html"
    run = CliRunner(env={"CI": ""})
    told = run.invoke(
        command, [str(folder), "--json", str(target), "--html", str(page)], standalone_mode=False
    )
    assert told.exception is None
    assert told.return_value == 0
    body = json.loads(target.read_text())
    (worse,) = body["regressions"]
    assert worse["item"] == "item-0"
    assert worse["worse"]
    assert worse["before"]["share"] > 0.99
    assert worse["after"]["high"] < 0.9
    assert worse["commits"][0] != worse["commits"][1]
    assert any(one.startswith("policy aaaaaaaa → bbbbbbbb") for one in worse["changed"])
    assert f"WORSE     item-0, since {worse['since']}" in told.output
    assert "Content-Security-Policy" in page.read_text()
    assert worse["since"] in page.read_text()


@pytest.mark.parametrize(
    ("options", "ci", "code"),
    [
        ([], "true", 1),
        ([], "", 0),
        (["--fail-on-regression"], "", 1),
        (["--no-fail-on-regression"], "true", 0),
    ],
)
def test_a_regression_fails_where_it_shall(tmp_path: Path, options: list[str], ci: str, code: int) -> None:
    folder = put(tmp_path / "h", nights(3, items=2, regression=FALL))
    told = CliRunner(env={"CI": ci}).invoke(command, [str(folder), *options], standalone_mode=False)
    assert told.return_value == code


def test_nights_before_a_date_are_left_behind(tmp_path: Path) -> None:
    folder = put(tmp_path / "h", nights(3, items=2, regression=FALL))
    told = CliRunner().invoke(
        command, [str(folder), "--since", "2026-01-20", "--fail-on-regression"], standalone_mode=False
    )
    assert told.return_value == 0


def test_unsteady_items_have_a_cause() -> None:
    found = trends("nights", nights(4, items=8))
    assert found.unsteady
    assert "host" in {one.cause for one in found.unsteady}
    assert document(found)["unsteady"][0]["nights"]


def test_items_come_and_go() -> None:
    found = nights(2, items=4)
    late = [
        replace(
            one,
            summary=replace(one.summary, items=one.summary.items[1:] if at > 20 else one.summary.items[:3]),
        )
        for at, one in enumerate(found)
    ]
    told = trends("nights", late)
    assert told.new == ("item-3",)
    assert told.gone == ("item-0",)


def test_a_night_of_several_runs_is_one_file(tmp_path: Path) -> None:
    one, other = (found.summary for found in nights(1, items=2)[:2])
    files = []
    for name, summary in (("a", one), ("b", replace(other, verdict="fail"))):
        files.append(tmp_path / f"{name}.json")
        files[-1].write_text(json.dumps(replace(summary, name=name).as_json()), encoding="utf-8")
    kept = add(tmp_path / "history", files)
    assert add(tmp_path / "history", files) == kept
    (night,) = read(tmp_path / "history")
    assert night.summary.kind == "night"
    assert night.summary.verdict == "fail"
    assert [item.id for item in night.summary.items] == ["a: item-0", "a: item-1", "b: item-0", "b: item-1"]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('{\n "schema": \n}', 3, "no JSON"),
        ('{\n "schema": "other/1"}', 2, "is no chaosmesh.summary/1"),
        ('{"schema": "chaosmesh.summary/1",\n "name": "n",\n "at": "yesterday"}', 1, "kind is missing"),
        (
            '{"schema": "chaosmesh.summary/1", "name": "n", "kind": "verify", "verdict": "pass", "items": [],\n "at": "yesterday"}',
            2,
            "at is no time",
        ),
    ],
)
def test_a_bad_file_is_an_error_at_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    (tmp_path / "bad.json").write_text(text, encoding="utf-8")
    with pytest.raises(DocumentError, match=words) as caught:
        read(tmp_path)
    assert caught.value.where is not None
    assert caught.value.where.line == line


def test_no_folder_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path / "nowhere")
    assert "--add" in caught.value.hint


def test_names_of_documents_can_not_write_into_the_page() -> None:
    found = nights(3, items=1, regression=FALL)
    evil = "<script>alert(1)</script>"
    named = [
        replace(
            one, summary=replace(one.summary, items=tuple(replace(i, text=evil) for i in one.summary.items))
        )
        for one in found
    ]
    assert "<script>alert" not in render(trends("nights", named))

"""Thirty simulated nights, as files and through the command: what is named, when, and what is not."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
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


def test_two_runs_of_one_name_are_two_nights(tmp_path: Path) -> None:
    files = []
    for number, found in enumerate(nights(1, items=2)[:2]):
        files.append(tmp_path / f"{number}.json")
        files[-1].write_text(json.dumps(found.summary.as_json()), encoding="utf-8")
    with pytest.raises(UsageError, match="two of these runs have airport: item-0") as caught:
        add(tmp_path / "history", files)
    assert "two nights" in caught.value.hint
    assert not (tmp_path / "history").exists()


def test_nights_of_one_day_are_told_apart_by_their_time(tmp_path: Path) -> None:
    one, other, next_day = nights(1, items=1)[:3]
    later = replace(
        other,
        file=Path("b.json"),
        summary=replace(other.summary, at=one.summary.at.replace(hour=one.summary.at.hour + 3)),
    )
    found = read(put(tmp_path / "h", [one, later, next_day]))
    assert [night.label[:10] for night in found[:2]] == [one.label] * 2
    assert len({night.label for night in found}) == 3
    assert found[2].label == next_day.label


def told(folder: Path, *options: str) -> str:
    return CliRunner().invoke(command, [str(folder), *options], standalone_mode=False).output


def test_too_few_nights_promise_nothing(tmp_path: Path) -> None:
    every = [one for one in nights(1, items=2) if not trends("x", [one]).left_out]
    few = put(tmp_path / "few", every[:2])
    page = tmp_path / "page.html"
    assert "Too few nights to tell whether anything became worse" in told(few, "--html", str(page))
    assert "Too few nights" in page.read_text()
    assert "Nothing became worse" not in page.read_text()
    enough = told(put(tmp_path / "enough", every[:3]))
    assert "Nothing became worse." in enough
    assert "Too few" not in enough
    one = told(put(tmp_path / "one", every[:1]))
    assert one.startswith(f"1 night, {every[0].label} · 2 items")


def test_names_with_commas_stay_apart(tmp_path: Path) -> None:
    found = nights(2, items=3)[:4]
    short = [replace(one, summary=replace(one.summary, items=one.summary.items[:1])) for one in found[2:]]
    names = [f"a → b, {one.text}" for one in found[0].summary.items]
    whole = [
        replace(
            one,
            summary=replace(
                one.summary,
                items=tuple(replace(item, text=f"a → b, {item.text}") for item in one.summary.items),
            ),
        )
        for one in (*found[:2], *short)
    ]
    assert f"gone      2 items: {names[1]}; {names[2]}" in told(put(tmp_path / "h", whole))


@pytest.mark.parametrize("kind", ["run", "runs", "since", "empty"])
def test_a_folder_without_nights_says_what_it_is_and_what_to_do(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "h"
    run = folder / "latest" if kind == "runs" else folder
    run.mkdir(parents=True)
    since = None
    if kind in ("run", "runs"):
        (run / "run.json").write_text("{}")
        (run / "faults.json").write_text("{}")
    elif kind == "since":
        put(folder, nights(1, items=1))
        since = date(2030, 1, 1)
    with pytest.raises(UsageError) as caught:
        read(folder, since)
    words = {
        "run": "is a run",
        "runs": "holds whole runs",
        "since": "no night is as late",
        "empty": "no nights",
    }
    assert words[kind] in str(caught.value)
    hint = "the last one is 2026-" if kind == "since" else f"--add {run if kind != 'empty' else 'runs/'}"
    assert hint in caught.value.hint


def test_a_file_of_a_run_folder_stands_for_the_run(tmp_path: Path) -> None:
    summary = nights(1, items=1)[0].summary
    (tmp_path / "summary.json").write_text(json.dumps(summary.as_json()), encoding="utf-8")
    (tmp_path / "run.json").write_text("{}")
    kept = {add(tmp_path / "history", [tmp_path / one]) for one in ("summary.json", "run.json", "")}
    assert len(kept) == 1


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

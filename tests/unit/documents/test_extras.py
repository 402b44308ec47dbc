"""Fallbacks, retry budgets and certificates in the scenario file."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaosmesh.documents.extras import Certificate, Fallback, RetryBudget
from chaosmesh.documents.scenario import Scenario, load_scenario, scenario_schema
from chaosmesh.errors import DocumentError, Problem

WHOLE = """fallbacks:
  - {route: weather, to: weather-backup}
  - {route: router/route, to: weather-backup, when: [failing, down]}
  - {route: router/route, to: weather-backup, when: ejected}
retry_budgets:
  - {to: weather}
  - {to: weather, from: flights, percent: 12.5, at_least: 0}
certificates:
  /c/own.pem: {file: own.pem, key: own.key}
  /c/ca.pem: {file: ca.pem}
  arn:old: {authority: elsewhere, names: [a.local], expired: true}
  spiffe://m: {authority: [chaosmesh, elsewhere]}
  late: {expired: true}
  other-name: {names: b.local}
"""


def scenario(folder: Path, text: str) -> Scenario:
    file = folder / "chaosmesh.yaml"
    file.write_text(text)
    return load_scenario(file)


def problems(folder: Path, text: str) -> tuple[Problem, ...]:
    with pytest.raises(DocumentError) as caught:
        scenario(folder, text)
    return caught.value.problems


def test_everything_that_can_be_written(tmp_path):
    found = scenario(tmp_path, WHOLE)
    assert found.fallbacks == (
        Fallback(route="weather", to="weather-backup", when=("failing", "down", "ejected", "unhealthy")),
        Fallback(route="router/route", to="weather-backup", when=("failing", "down")),
        Fallback(route="router/route", to="weather-backup", when=("ejected",)),
    )
    assert found.retry_budgets == (
        RetryBudget(to="weather", percent=20, at_least=3),
        RetryBudget(to="weather", client="flights", percent=12.5, at_least=0),
    )
    assert found.certificates == {
        "/c/own.pem": Certificate(file="own.pem", key="own.key"),
        "/c/ca.pem": Certificate(file="ca.pem"),
        "arn:old": Certificate(authority=("elsewhere",), names=("a.local",), expired=True),
        "spiffe://m": Certificate(authority=("chaosmesh", "elsewhere")),
        "late": Certificate(expired=True),
        "other-name": Certificate(names=("b.local",)),
    }
    assert found.place("retry_budgets", 1, "from").line == 7
    assert found.place("certificates", "arn:old", "names").line == 11


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("fallbacks: [{route: a}]", (1, 13), "to is required", "write to"),
        ("fallbacks: [{route: a, to: b, when: broken}]", (1, 31), "which it can't be", "known here: down, ejected, failing, unhealthy"),
        ("fallbacks: [{route: a, to: b, when: []}]", (1, 31), "needs at least 1", "leave it out"),
        ("retry_budgets: [{to: a, percent: 0}]", (1, 25), "more than 0", "write a number"),
        ("retry_budgets: [{to: a, percent: 101}]", (1, 25), "at most 100", "write a number"),
        ("retry_budgets: [{to: a, at_least: -1}]", (1, 25), "at least 0", "write a number"),
        ("retry_budgets: [{to: a, form: b}]", (1, 25), "unknown field", "did you mean from?"),
        ("certificates: {a: {}}", (1, 16), "says nothing", "write file and key"),
        ("certificates: {a: {key: k}}", (1, 16), "key needs file", "write the file"),
        ("certificates: {a: {file: f, authority: x}}", (1, 16), "file and authority exclude", "taken as it is"),
        ("certificates: {a: {file: f, expired: true}}", (1, 16), "file and expired exclude", "taken as it is"),
        ("certificates: {a: {authority: [x, y], names: [n]}}", (1, 16), "has one authority", "source of trust"),
    ],
)  # fmt: skip
def test_mistakes_are_said_at_their_place(tmp_path, text, place, message, hint):
    (found,) = problems(tmp_path, text)
    assert (found.where.line, found.where.column) == place
    assert message in found.message
    assert hint in found.hint


def test_the_schema_takes_a_word_for_a_list_where_the_reader_does():
    parts = scenario_schema()["$defs"]
    for part, field in (("Fallback", "when"), ("Certificate", "authority"), ("Certificate", "names")):
        allowed = parts[part]["properties"][field]["anyOf"]
        assert [one["type"] for one in allowed if one["type"] != "null"] == ["array", "string"], field
        assert allowed[0]["items"] == allowed[1]
    assert parts["Fallback"]["properties"]["when"]["anyOf"][0]["minItems"] == 1
    assert set(parts["RetryBudget"]["properties"]) == {"to", "from", "percent", "at_least"}

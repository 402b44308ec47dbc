"""What is tried of a fallback, what is no longer tried beside it, and what the ledger must show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from chaosmesh.checks import Check, Plan, plan
from chaosmesh.checks.fallback import DOWN, SETTLED, judge_down, judge_failing
from chaosmesh.documents.scenario import load_scenario
from chaosmesh.engine.inputs import read
from chaosmesh.judge import Verdict
from chaosmesh.ledger import Call
from tests.unit.checks.handmade import ALPHA, ROOT, call, check, seen

EXTENDED = ROOT / "fixtures" / "airport-extended"
ROUTE = "virtualRouter/weather-router/route/weather-route"


def planned(name: str = "chaosmesh.yaml") -> Plan:
    resources, scenario = read([], scenario_file=EXTENDED / name)
    return plan(resources, profile="appmesh", alpha=ALPHA, scenario=scenario)


def asked(*servers: str, status: int = 200) -> Call:
    """A call with an attempt at each of the servers."""
    one = call(*(503 for _ in servers[1:]), status, status=status)
    attempts = tuple(replace(a, server=s) for a, s in zip(one.attempts, servers, strict=True))
    return replace(one, attempts=attempts)


def test_both_words_are_tried_and_have_their_place_in_the_scenario() -> None:
    found = planned()
    failing, down = check(found, f"{ROUTE}/fallback"), check(found, f"{ROUTE}/fallback.when.down")
    assert [probe.standin for probe in failing.probes] == ["weather=status:503", ""]
    assert [probe.down for probe in down.probes] == [True]
    line = (EXTENDED / "chaosmesh.yaml").read_text().splitlines()[failing.place.line - 1]
    assert "weather-archive" in line


def test_rules_that_the_fallback_hides_are_told_as_not_checked() -> None:
    reasons = {one.id: one.reason for one in planned().skipped}
    for rule in ("retryPolicy.maxRetries", "retryPolicy.perRetryTimeout"):
        assert reasons[f"{ROUTE}/{rule}"].startswith("weather-archive answers for weather when it fails")
    ids = {one.id for one in planned().checks}
    assert "virtualRouter/flights-router/route/flights-route/retryPolicy.maxRetries" in ids


@pytest.mark.parametrize(
    ("file", "name", "reason"),
    [
        ("when-ejected.yaml", f"{ROUTE}/fallback", "while every replica is ejected"),
        ("when-unhealthy.yaml", f"{ROUTE}/fallback", "while every replica is unhealthy"),
        ("retry-budget.yaml", "retryBudget/weather", "depends on the calls in flight"),
    ],
)
def test_what_a_check_can_not_wait_for_is_not_checked(file: str, name: str, reason: str) -> None:
    (one,) = [one for one in planned(file).skipped if one.id == name]
    assert reason in one.reason


def test_a_scenario_without_extensions_changes_nothing(tmp_path: Path) -> None:
    resources, _ = read([], scenario_file=EXTENDED / "chaosmesh.yaml")
    bare = plan(resources, profile="appmesh", alpha=ALPHA)
    with_empty = plan(resources, profile="appmesh", alpha=ALPHA, scenario=load_scenario(tmp_path))
    assert [one.id for one in bare.checks] == [one.id for one in with_empty.checks]
    assert bare.clauses == with_empty.clauses == planned().clauses - 1


def verdict(failing: list[Call], well: list[Call]) -> Verdict:
    return judge_failing([seen(*failing), seen(*well)], "archive").verdict


def test_a_failing_target_is_answered_for_and_a_well_one_is_not() -> None:
    right, well = asked("weather", "archive"), asked("weather")
    assert verdict([right] * 3, [well] * 3) is Verdict.PASS
    assert verdict([right, asked("archive")], [well]) is Verdict.PASS, "it is a target of its own as well"
    assert verdict([right], [asked("weather", "archive")]) is Verdict.FAIL
    assert verdict([asked("weather", "weather", "archive")], [well]) is Verdict.FAIL
    assert verdict([asked("weather", "archive", status=503)], [well]) is Verdict.FAIL
    assert verdict([], []) is Verdict.INVALID


def test_an_edge_that_is_down_is_answered_for_at_last() -> None:
    early, late = [asked("weather", status=503)] * 5, [asked("archive") for _ in range(SETTLED)]
    ordered = [replace(one, start_ns=n, request_id=f"r{n}") for n, one in enumerate([*early, *late])]
    assert judge_down([seen(*ordered)], "archive").verdict is Verdict.PASS
    assert judge_down([seen(*ordered[:-1], replace(asked("weather"), start_ns=99))], "archive").verdict is (
        Verdict.FAIL
    )
    assert judge_down([seen(*ordered[-3:])], "archive").verdict is Verdict.INVALID


def test_a_check_of_a_fallback_is_not_hidden_by_itself() -> None:
    one: Check = check(planned(), f"{ROUTE}/fallback.when.down")
    assert one.probes[0].count == DOWN

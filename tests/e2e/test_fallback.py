"""What a scenario adds to App Mesh's policy, on the airport: an archive that stands in for the weather, and a budget
that bounds retries. Each is also seen to be what made the difference."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chaosmesh.appmesh import Resources
from chaosmesh.engine.experiment.policy import without
from chaosmesh.engine.inputs import policy, read
from chaosmesh.faults import Down, Errors, Fault
from chaosmesh.ledger import Call
from chaosmesh.mesh import Mesh

from .command import ROOT, chaosmesh
from .stage import Sent, Stage, fair, send, stage

pytestmark = pytest.mark.e2e

EXTENDED = ROOT / "fixtures" / "airport-extended"
FLIGHTS, WEATHER, ARCHIVE = "flights-v1", "weather.airport.local", "weather-archive"
EDGE = (FLIGHTS, WEATHER)
ERRORS, DOWN = Errors("errors", EDGE, 503, 1.0, 7), Down("down", EDGE)
DEADLINE = 90.0


def extended(name: str, words: frozenset[str] | None = None) -> Mesh:
    """The airport with what one of the scenario files adds; `words` in the place of its own."""
    resources, scenario = read([], scenario_file=EXTENDED / name)
    if words is not None:
        changed = tuple(one.model_copy(update={"when": tuple(words)}) for one in scenario.fallbacks)
        scenario = scenario.model_copy(update={"fallbacks": changed})
    return policy(resources, scenario)


@pytest.fixture(scope="module")
def airport(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    resources, scenario = read([EXTENDED])
    assert isinstance(resources, Resources)
    with stage(policy(resources, scenario), tmp_path_factory.mktemp("runs"), scenario) as made:
        yield made


@pytest.fixture(autouse=True)
def healed(airport: Stage) -> Iterator[None]:
    yield
    for fault in (ERRORS, DOWN):
        airport.run(fault.heal(airport.stack.site))


def asked(
    on: Stage, count: int = 40, rate: float = 40.0, *, expected: Callable[[Call], bool] = lambda _: True
) -> list[Call]:
    """Calls in their order. One that is not as expected is believed only of a host that had time to spare: the policy
    gives an attempt 250 ms."""
    sent: Sent = fair(
        lambda: on.run(send(on.stack, FLIGHTS, WEATHER, count=count, rate=rate)),
        lambda made: None if all(map(expected, made.calls)) else made.starved,
    )
    assert len(sent.calls) == count
    return sorted(sent.calls, key=lambda call: call.start_ns)


def by(*names: str, status: int = 200) -> Callable[[Call], bool]:
    """A call with this status after attempts at these servers."""
    return lambda call: (call.status, servers(call)) == (status, list(names))


def servers(call: Call) -> list[str]:
    return [one.server for one in call.attempts]


def until(on: Stage, server: str, row: int = 10) -> list[Call]:
    """Asks until `row` calls in a row are answered well by one attempt at `server`; all calls that were made."""
    found: list[Call] = []
    end = time.monotonic() + DEADLINE
    while not _settled(found[-row:], server, row):
        assert time.monotonic() < end, f"not answered by {server} within {DEADLINE:.0f} s: " + "; ".join(
            f"{call.status} {servers(call)}" for call in found[-row:]
        )
        found += asked(on, row)
    return found


def _settled(calls: list[Call], server: str, row: int) -> bool:
    return len(calls) == row and all(call.status == 200 and servers(call) == [server] for call in calls)


@pytest.mark.parametrize("words", [{"failing"}, {"failing", "down"}, {"failing", "down", "ejected"}])
@pytest.mark.parametrize("fault", [ERRORS, DOWN], ids=["errors", "down"])
def test_what_fails_is_tried_again_at_the_archive(airport: Stage, fault: Fault, words: set[str]) -> None:
    mesh = extended("chaosmesh.yaml", frozenset(words))
    airport.apply(mesh)
    assert {tuple(servers(call)) for call in asked(airport, expected=by("weather"))} == {("weather",)}
    airport.run(fault.apply(airport.stack.site))
    calls = asked(airport, expected=lambda call: call.status == 200 and servers(call)[-2:] != [ARCHIVE] * 2)
    assert {call.status for call in calls} == {200}
    assert all(servers(call)[-1] == ARCHIVE for call in calls)
    if "ejected" not in words:
        assert all(len(call.attempts) == 2 for call in calls)
    with urllib.request.urlopen(airport.stack.egress_url(*EDGE), timeout=30) as answer:
        assert json.load(answer)["node"] == ARCHIVE
    airport.apply(without(mesh, "fallback"))
    calls = asked(airport)
    assert {call.status for call in calls} == {503}
    assert ARCHIVE not in {one for call in calls for one in servers(call)}
    airport.apply(mesh)
    airport.run(fault.heal(airport.stack.site))
    until(airport, "weather")


def test_down_alone_is_watched_and_errors_are_passed_on(airport: Stage) -> None:
    airport.apply(extended("chaosmesh.yaml", frozenset({"down"})))
    airport.run(ERRORS.apply(airport.stack.site))
    calls = asked(airport, expected=lambda call: call.status == 503)
    assert {(call.status, servers(call)[-1]) for call in calls} == {(503, "weather")}
    airport.run(ERRORS.heal(airport.stack.site))
    airport.run(DOWN.apply(airport.stack.site))
    until(airport, ARCHIVE)
    airport.run(DOWN.heal(airport.stack.site))
    until(airport, "weather")


def test_ejected_replicas_leave_the_calls_to_the_archive(airport: Stage) -> None:
    mesh = extended("when-ejected.yaml")
    airport.apply(mesh)
    airport.run(ERRORS.apply(airport.stack.site))
    early = until(airport, ARCHIVE, row=5)
    assert 503 in {call.status for call in early}, "nothing is tried again at the archive"
    airport.apply(without(mesh, "fallback"))
    assert ARCHIVE not in {one for call in asked(airport, 60) for one in servers(call)}
    airport.run(ERRORS.heal(airport.stack.site))
    airport.apply(mesh)
    until(airport, "weather")


def test_unhealthy_replicas_leave_the_calls_to_the_archive(airport: Stage) -> None:
    mesh = extended("when-unhealthy.yaml")
    airport.apply(mesh)
    until(airport, "weather")
    airport.run(DOWN.apply(airport.stack.site))
    until(airport, ARCHIVE)
    airport.apply(without(mesh, "fallback"))
    assert {call.status for call in asked(airport)} == {503}
    airport.apply(mesh)
    airport.run(DOWN.heal(airport.stack.site))
    until(airport, "weather")


def test_a_budget_bounds_a_storm(airport: Stage) -> None:
    mesh = extended("retry-budget.yaml")
    bare = without(mesh, "retryBudget")
    assert bare == replace(mesh, budgets=())
    airport.run(ERRORS.apply(airport.stack.site))

    def attempts(policy: Mesh) -> float:
        airport.apply(policy)
        calls = asked(airport, 300, 300.0)
        return sum(len(call.attempts) for call in calls) / len(calls)

    assert attempts(bare) == 3
    assert attempts(mesh) < 2.5
    assert attempts(bare) == 3


def test_the_matrix_says_that_a_fallback_answered(tmp_path: Path) -> None:
    pattern, file = "matrix/flights-v1*down", tmp_path / "found.json"
    words = ("--only", pattern, "--json", file, "--runs", tmp_path / "runs", "--undecided", "warn")
    ended = chaosmesh("verify", EXTENDED, *words)
    assert file.exists(), ended
    (cell,) = json.loads(file.read_text())["matrix"]
    assert cell["predicted"] == {"success": 1.0, "amplification": 2.0}
    assert cell["fallback"] > 0.9
    assert cell["success"]["k"] > 0.9 * cell["success"]["n"]
    if cell["verdict"] == "held":
        assert "fallback 100 %" in ended.out, ended

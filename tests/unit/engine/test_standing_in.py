"""What a fallback did to calls, and what that says of a fault on their edge."""

from __future__ import annotations

from dataclasses import replace

from chaosmesh.engine.held import proxies_of
from chaosmesh.engine.standing_in import answered_elsewhere, dose_of
from chaosmesh.faults import Dose, Down, Errors, Scope
from chaosmesh.ledger import Attempt, Call
from chaosmesh.mesh import Fallback, Mesh, Target
from chaosmesh.runtime import lay_out
from tests.unit.experiment.airport import WEATHER_SERVICE as WEATHER
from tests.unit.experiment.airport import airport, call

EDGE = ("flights-v1", WEATHER)


def mesh() -> Mesh:
    """The airport with flights-v2 standing in for weather."""
    whole = airport()
    services = tuple(
        replace(
            one,
            routes=tuple(
                replace(route, fallback=Fallback(Target("flights-v2", 1), frozenset({"down"})))
                for route in one.routes
            ),
        )
        if one.name == WEATHER
        else one
        for one in whole.services
    )
    return replace(whole, services=services)


def tried(*servers: str, status: int = 200) -> Call:
    one = call(len(servers), status=status)
    attempts = tuple(replace(a, server=s) for a, s in zip(one.attempts, servers, strict=True))
    return replace(one, attempts=attempts)


def attempts(*calls: Call) -> list[Attempt]:
    return [one for each in calls for one in each.attempts]


def test_only_what_the_fallback_answered_well_counts() -> None:
    calls = [
        tried("weather"),
        tried("weather", "flights-v2"),
        tried("flights-v2"),
        tried("weather", "flights-v2", status=503),
    ]
    assert answered_elsewhere(mesh(), WEATHER, calls) == 0.5
    assert answered_elsewhere(mesh(), WEATHER, []) is None
    assert answered_elsewhere(airport(), WEATHER, calls) is None


def test_calls_that_are_led_away_from_an_edge_that_is_down_met_the_fault() -> None:
    down, away = Down("d", EDGE), tried("flights-v2")
    lost = replace(tried("weather", "flights-v2").attempts[0], flags=("UF",))
    both = [lost, tried("weather", "flights-v2").attempts[1]]
    assert dose_of(down, mesh(), attempts(away, away)) == Dose(2, 2, 1.0)
    assert dose_of(down, mesh(), both) == Dose(2, 1, 1.0), "a retry at the fallback met nothing"
    assert dose_of(down, airport(), attempts(away)) == Dose(1, 0, 1.0)
    errors = Errors("e", EDGE, 503, 0.3, 7)
    assert not dose_of(errors, mesh(), attempts(away)).delivered, "only what is down is left alone for that"


def test_a_fault_on_an_edge_spares_what_stands_in() -> None:
    topology = lay_out(mesh(), run="r", subnet="127.9")
    assert proxies_of(mesh(), topology, Scope(*EDGE))
    assert all(">weather." in one for one in proxies_of(mesh(), topology, Scope(*EDGE)))

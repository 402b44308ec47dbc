"""A gap between prediction and observation, in words."""

from __future__ import annotations

from dataclasses import replace

from chaosmesh.engine.explain import explain
from chaosmesh.engine.forecast import Forecast
from chaosmesh.engine.predict import Prediction
from chaosmesh.judge.queueing import Figure
from chaosmesh.ledger import Attempt, Call
from tests.unit.experiment.airport import call

CLOSED = Prediction(0.973, 1.39)
EDGE = "flights-v1 → weather.airport.local"


def told(success: Figure, seen: float | None, *calls: Call) -> tuple[str, ...]:
    return explain(Forecast({"success": success}, CLOSED), {"success": seen}, calls)


def cut(one: Call, details: str, *, attempt: str = "") -> Call:
    last = replace(one.attempts[-1], flags=("UT",), details=attempt or details)
    return replace(one, status=504, flags=("UT",), details=details, attempts=(*one.attempts[:-1], last))


def test_what_is_as_predicted_needs_no_word() -> None:
    assert told(Figure(0.973, 0.96, 0.985), 0.97, call(1), call(2)) == ()
    assert told(Figure(0.973, 0.96, 0.985), None) == ()


def test_a_breaker_of_retries_that_the_closed_form_does_not_know() -> None:
    refused = replace(call(1, status=503, victim="e1"), status=503, flags=("UO",))
    words = told(Figure(0.794, 0.77, 0.82), 0.79, call(1), call(3), refused, refused)
    assert words[0] == (
        "success: 79.0% seen; retries without limits would give 97.3%, with the limits in force 79.4%"
    )
    assert words[1].startswith(f"{EDGE}: 2 of 4 calls were not tried again")
    assert "UO" in words[1]
    assert len(words) == 2


def test_a_breaker_of_requests_is_another_matter() -> None:
    stopped = replace(call(1, status=503).attempts[0], flags=("UO",), matched=False, server="")
    words = told(
        Figure(1.0, 0.99, 1.0), 0.5, call(1), replace(call(1), status=503, flags=("UO",), attempts=(stopped,))
    )
    assert any("1 of 2 attempts were stopped by the breaker" in one for one in words)
    assert not any("not tried again" in one for one in words)


def test_timeouts_are_told_apart() -> None:
    whole = cut(call(1), "response_timeout")
    words = told(Figure(1.0, 0.99, 1.0), 0.5, call(1), whole)
    assert f"{EDGE}: 1 of 2 calls were cut by the timeout of the whole call (UT)" in words
    each = cut(call(2), "upstream_per_try_timeout")
    words = told(Figure(1.0, 0.99, 1.0), 0.5, call(1), each)
    assert f"{EDGE}: 1 of 3 attempts were cut by the timeout per try (UT)" in words
    assert not any("whole call" in one for one in words)


def test_what_nothing_explains_is_said() -> None:
    words = told(Figure(0.973, 0.96, 0.985), 0.9, call(1), call(2))
    assert words[0] == "success: 90.0% seen, 96.0% to 98.5% predicted"
    assert words[1].startswith("nothing in the ledger explains this")


def test_an_application_that_fails_by_itself() -> None:
    own = Attempt(1, "weather", 0, 0, 1.0, 500, matched=True)
    words = told(Figure(1.0, 0.99, 1.0), 0.5, call(1), replace(call(1), status=500, attempts=(own,)))
    assert any("1 of 2 attempts got a failure of the application's own" in one for one in words)


def test_latencies_are_noisy_and_attempts_are_numbers() -> None:
    figures = {"p99_ms": Figure(50, 45, 55), "attempts a>b": Figure(1.39, 1.3, 1.5)}
    forecast = Forecast(figures)
    assert explain(forecast, {"p99_ms": 80.0, "attempts a>b": 1.4}, ()) == ()
    slow = replace(call(1), attempts=(replace(call(1).attempts[0], duration_ms=170.0),))
    assert explain(forecast, {"p99_ms": 180.0}, [call(1), slow])[1] == (
        f"{EDGE}: half of the attempts took longer than 170 ms, one in a hundred 170 ms"
    )
    assert explain(forecast, {"p99_ms": 180.0, "attempts a>b": 1.4}, ())[0] == (
        "p99_ms: 180.0 ms seen, 45.0 ms to 55.0 ms predicted"
    )
    assert (
        explain(forecast, {"attempts a>b": 2.0}, ())[0]
        == "attempts a>b: 2.000 seen, 1.300 to 1.500 predicted"
    )

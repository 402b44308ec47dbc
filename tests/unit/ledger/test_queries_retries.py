"""Spacing of retries, cut-offs, overflow: of calls made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chaosmesh.ledger import Attempt, Call, Cutoffs, Ratio
from chaosmesh.ledger.queries import cutoffs, overflow, spacings

from .handmade import FAILED, MS, T0, UO, Try, call, ledger


def one_call(*attempts: Attempt, status: int = 200, ms: float = 10.0, **more) -> Call:
    given = {"flags": (), "details": "", **more}
    return Call(
        client="front",
        service="color.local",
        id="c1",
        request_id="r",
        stream=1,
        lineage="1",
        start_ns=T0,
        duration_ms=ms,
        status=status,
        route="blue",
        route_hash="h1",
        attempts=attempts,
        **given,
    )


def attempt(number: int, at_ms: float, ms: float, status: int = 200, **more) -> Attempt:
    return Attempt(number, "color", 0, T0 + round(at_ms * MS), ms, status, **more)


def test_spacing_is_from_the_end_of_an_attempt_to_the_start_of_the_next():
    three = one_call(attempt(1, 0, 5, 503), attempt(2, 30, 5, 503), attempt(3, 85.5, 5))
    assert spacings([three, one_call(attempt(1, 0, 5))]) == [25.0, 50.5]
    assert spacings([replace(three, missing=("a row",))]) == []


def test_a_call_that_its_own_bound_ended_is_a_cut_call_and_its_attempt_is_not_counted_again():
    cut = attempt(2, 110, 140, 0, flags=("UT",))
    ended = one_call(attempt(1, 0, 100, 503), cut, status=504, ms=250.0, flags=("UT",))
    assert cutoffs([ended]) == Cutoffs((250.0,), ())


def test_attempts_that_the_bound_on_a_try_ended_are_counted_one_by_one():
    tries = [attempt(n, n * 120, 100.0 + n, 0, flags=("UT",)) for n in (1, 2, 3)]
    assert cutoffs([one_call(*tries[:2], attempt(3, 360, 4))]) == Cutoffs((), (101.0, 102.0))
    details = "upstream_per_try_timeout"
    ended = one_call(*tries, status=504, ms=463.0, flags=("URX", "UT"), details=details)
    assert cutoffs([ended]) == Cutoffs((), (101.0, 102.0, 103.0))


@pytest.mark.parametrize("flag", ["DT", "SI", "UMSDR"])
def test_other_clocks_of_a_sidecar_cut_too(flag: str):
    assert cutoffs([one_call(status=504, ms=70.0, flags=(flag,))]).calls == (70.0,)


def test_what_ended_otherwise_is_no_cutoff():
    assert cutoffs([one_call(attempt(1, 0, 9, 503, flags=("UC",)), status=503, flags=("UC",))]) == Cutoffs(
        (), ()
    )


def test_overflow_counts_calls_that_a_breaker_decided_on_either_side():
    book = ledger(*call(UO, status=503, flags=("UO",)))
    assert book.overflow("front", "color.local") == Ratio(1, 1)
    by_server = one_call(attempt(1, 0, 1, 503, server_flags=("UO",)), status=503)
    retried = one_call(attempt(1, 0, 1, 503, flags=("UO",)), attempt(2, 9, 1))
    no_retry_left = one_call(attempt(1, 0, 1, 503), status=503, flags=("UO",))
    broken = one_call(attempt(1, 0, 1, 503), status=503, missing=("a row",))
    assert overflow([by_server, retried, no_retry_left, broken]) == Ratio(2, 3, 1)


def test_the_ledger_asks_by_edge():
    book = ledger(*call(FAILED, Try()))
    assert book.spacings("front", "color.local") == [0.0]
    assert book.spacings("front", "tail.local") == []
    assert book.cutoffs("front", "color.local") == Cutoffs((), ())

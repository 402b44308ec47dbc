"""Numbers, names and places in words."""

from __future__ import annotations

import pytest

from chaosmesh.report import words


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (1.0, "100 %"),
        (0.9999999, "99.9 %"),
        (0.971, "97.1 %"),
        (0.98999, "98.9 %"),
        (0.3, "30.0 %"),
        (0.0004, "0 %"),
        (0.0, "0 %"),
    ],
)
def test_a_share_is_rounded_down(share: float, text: str) -> None:
    assert words.percent(share) == text


def test_every_share_of_whole_tenths_survives() -> None:
    assert [words.percent(n / 1000) for n in range(1, 1000)] == [f"{n / 10:.1f} %" for n in range(1, 1000)]


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0.0, "0 ms"),
        (4.2, "5 ms"),
        (98.0, "98 ms"),
        (99.0, "0.10 s"),
        (331.2, "0.34 s"),
        (1000.0, "1.00 s"),
        (1000.1, "1.01 s"),
        (2030.0, "2.03 s"),
        (15_010.0, "15.1 s"),
    ],
)
def test_a_latency_is_rounded_up(ms: float, text: str) -> None:
    assert words.seconds(ms) == text


@pytest.mark.parametrize(
    ("s", "text"), [(0.42, "0.4 s"), (9.96, "10 s"), (58.24, "58 s"), (125.0, "2 min 5 s")]
)
def test_durations(s: float, text: str) -> None:
    assert words.duration(s) == text


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("virtualRouter/r/route/blue/retryPolicy.maxRetries", "blue retryPolicy.maxRetries"),
        ("virtualNode/n/backends.db.local.clientPolicy.tls", "n backends.db.local.clientPolicy.tls"),
        ("mesh/egressFilter", "mesh egressFilter"),
        ("odd", "odd"),
        ("", ""),
    ],
)
def test_short_ids(rule: str, text: str) -> None:
    assert words.short_id(rule) == text


def test_a_service_is_shortened_only_where_that_names_one() -> None:
    services = ["color.a.local", "color.b.local", "flights.airport.local", "db", ".odd"]
    assert words.short_services(services) == {
        "color.a.local": "color.a.local",
        "color.b.local": "color.b.local",
        "flights.airport.local": "flights",
        "db": "db",
        ".odd": ".odd",
    }


def test_facts_know_their_units() -> None:
    seen = {
        "attempts": 3,
        "p99_ms": 290.0,
        "per_retry_s": 2,
        "cut_ms": [963.1, 1059],
        "wait_ms": float("inf"),
        "success": 0.9992,
        "ratio": 1 / 3,
        "ejected": True,
        "status": None,
        "answers": {"200": 118, "503": 2},
        "shares": {"v1": 0.8, "v2": 0.2},
        "limits": {"p99_ms": 300, "tries": None},
        "targets": list(range(10)),
        "none_of": (),
    }
    assert words.facts(seen) == (
        "attempts 3, p99 0.29 s, per retry 2.00 s, cut 0.97 s, 1.06 s, wait ms inf, success 99.9 %, ratio 0.3333, ejected yes, status none, "
        "answers 200 (118×), 503 (2×), shares v1 80.0 %, v2 20.0 %, limits (p99 0.30 s, tries none), targets 0, 1, 2, 3, 4, 5, 6, 7 and 2 more, none of none"
    )


def test_control_characters_and_direction_overrides_do_not_pass() -> None:
    hostile = "a\x1b[31mred\x07\u202eb\nc\td\x9b\ud800"
    assert words.clean(hostile) == "a\ufffd[31mred\ufffd\ufffdb c d\ufffd\ufffd"

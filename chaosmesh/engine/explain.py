"""Why a run shows something else than its policy predicts, told from the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from chaosmesh.engine.forecast import Forecast
from chaosmesh.judge.queueing import Figure
from chaosmesh.ledger import Attempt, Call

PER_TRY: Final = "per_try_timeout"
GAP: Final = 0.005
"""Difference in success that is worth a word even where it is no surprise."""

NOISE: Final = 1.25
NOISE_MS: Final = 20.0


@dataclass(frozen=True, slots=True)
class _Sign:
    """Something in the ledger that makes a run depart from retries alone. `of` counts what it is a share of."""

    text: str
    of: str
    seen: Callable[[Call], int]


def explain(
    forecast: Forecast, observed: Mapping[str, float | None], calls: Sequence[Call]
) -> tuple[str, ...]:
    """Sentences: first what lies outside its interval, then what the ledger holds that moved it.

    `observed` by the names of the forecast's figures, `calls` all calls of the run. Nothing to say: ().
    """
    gaps = [*_outside(forecast.figures, observed), *_beyond_retries(forecast, observed)]
    if not gaps:
        return ()
    surprises = tuple(_outside(forecast.figures, observed))
    signs = tuple(_signs(calls))
    if any(one.partition(":")[0].endswith("_ms") for one in surprises):
        signs += tuple(_slowest(calls))
    if signs:
        return (*gaps, *signs)
    if not surprises:
        return ()
    return (
        *gaps,
        "nothing in the ledger explains this: no breaker, timeout, broken connection or ejection was met",
    )


def _outside(figures: Mapping[str, Figure], observed: Mapping[str, float | None]) -> Iterator[str]:
    """What a run that does what the policy says shows once in a thousand times at most."""
    for name, figure in figures.items():
        seen = observed.get(name)
        if seen is not None and not _near(name, figure, seen):
            yield f"{name}: {_told(name, seen)} seen, {_told(name, figure.low)} to {_told(name, figure.high)} predicted"


def _near(name: str, figure: Figure, seen: float) -> bool:
    """Whether it is what was predicted. A machine's own noise moves latencies: only a large gap is told."""
    if not name.endswith("_ms"):
        return figure.holds(seen)
    return figure.low / NOISE - NOISE_MS <= seen <= figure.high * NOISE + NOISE_MS


def _beyond_retries(forecast: Forecast, observed: Mapping[str, float | None]) -> Iterator[str]:
    """Where what the simulation knows makes another prediction than retries alone."""
    closed, seen = forecast.closed, observed.get("success")
    simulated = forecast.figures.get("success")
    if closed is None or closed.success is None or seen is None or simulated is None:
        return
    if simulated.holds(closed.success) and abs(simulated - closed.success) < GAP:
        return
    yield (
        f"success: {_told('success', seen)} seen; retries without limits would give "
        f"{_told('success', closed.success)}, with the limits in force {_told('success', simulated)}"
    )


def _signs(calls: Sequence[Call]) -> Iterator[str]:
    by_edge: dict[str, list[Call]] = {}
    for call in calls:
        if call.complete and not call.tcp:
            by_edge.setdefault(f"{call.client} → {call.service}", []).append(call)
    for edge, made in by_edge.items():
        attempts = sum(len(one.attempts) for one in made)
        for sign in SIGNS:
            if number := sum(sign.seen(one) for one in made):
                whole = len(made) if sign.of == "calls" else attempts
                yield f"{edge}: {number:,} of {whole:,} {sign.of} {sign.text}"


def _slowest(calls: Sequence[Call]) -> Iterator[str]:
    """What attempts took where they took longest."""
    took: dict[str, list[float]] = {}
    for call in calls:
        took.setdefault(f"{call.client} → {call.service}", []).extend(
            one.duration_ms for one in call.attempts
        )
    ordered = {edge: sorted(each) for edge, each in took.items() if each}
    if ordered:
        edge, each = max(ordered.items(), key=lambda one: _late(one[1]))
        middle = each[len(each) // 2]
        yield f"{edge}: half of the attempts took longer than {middle:.0f} ms, one in a hundred {_late(each):.0f} ms"


def _late(ordered: Sequence[float]) -> float:
    return ordered[min(int(0.99 * len(ordered)), len(ordered) - 1)]


def _told(name: str, value: float) -> str:
    if name.startswith("attempts"):
        return f"{value:.3f}"
    return f"{value:.1f} ms" if name.endswith("_ms") else f"{value:.1%}"


def _flagged(flag: str) -> Callable[[Call], int]:
    return lambda call: sum(flag in one.flags for one in call.attempts)


def _not_again(call: Call) -> int:
    """A call that had an answer, and no place for a retry."""
    return int("UO" in call.flags and not any("UO" in one.flags for one in call.attempts))


def _cut_each(call: Call) -> int:
    return sum("UT" in one.flags for one in call.attempts if _by_try(one))


def _cut_whole(call: Call) -> int:
    """The timeout of the call ended it, under way or between two attempts."""
    if "UT" not in call.flags or PER_TRY in call.details:
        return 0
    return int(not any("UT" in one.flags and _by_try(one) for one in call.attempts[-1:]))


def _by_try(attempt: Attempt) -> bool:
    return PER_TRY in attempt.details


def _gone(call: Call) -> int:
    return int("DC" in call.flags)


def _own_failure(call: Call) -> int:
    """The application itself failed: no fault of ours, no sidecar's doing, and it called nobody who failed."""
    return sum(
        one.matched and one.status >= 500 and not (one.victim or one.flags or one.server_flags)
        for one in call.attempts
    )


SIGNS: Final = (
    _Sign(
        "were not tried again: as many retries as the breaker or budget allows were under way (UO)",
        "calls",
        _not_again,
    ),
    _Sign(
        "were stopped by the breaker of connections, pending requests or requests (UO)",
        "attempts",
        _flagged("UO"),
    ),
    _Sign("were cut by the timeout per try (UT)", "attempts", _cut_each),
    _Sign("were cut by the timeout of the whole call (UT)", "calls", _cut_whole),
    _Sign("found no healthy replica (UH)", "attempts", _flagged("UH")),
    _Sign("got no connection (UF)", "attempts", _flagged("UF")),
    _Sign("lost their connection (UC)", "attempts", _flagged("UC")),
    _Sign("ended because the caller had given up (DC)", "calls", _gone),
    _Sign(
        "met a limit of the callee's own sidecar",
        "attempts",
        lambda call: sum("UO" in one.server_flags for one in call.attempts),
    ),
    _Sign("got a failure of the application's own, or of its backends", "attempts", _own_failure),
)

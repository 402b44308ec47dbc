"""When requests leave and which kind each one is: pure, and the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count, islice, repeat, takewhile
from random import Random

from chaosmesh.load.plan import Arrivals, Stream

NS = 1_000_000_000
_BLOCK = 256


def offsets_ns(arrivals: Arrivals, rate: float, seed: int) -> Iterator[int]:
    """Endless send times in nanoseconds after the start of the stream, never decreasing.

    Constant arrivals start at 0 and are computed from their number, so no rounding adds up; Poisson
    arrivals have independent exponential gaps with mean 1/rate.
    """
    return _poisson(rate, seed) if arrivals == "poisson" else _constant(rate)


def schedule(stream: Stream) -> Iterator[int]:
    """The send times of one stream, ended by its count and its duration."""
    times = offsets_ns(stream.arrivals, stream.rate, stream.seed)
    if stream.duration is not None:
        end = round(stream.duration * NS)
        times = takewhile(lambda offset: offset < end, times)
    return times if stream.count is None else islice(times, stream.count)


def picks(weights: Sequence[float], seed: int) -> Iterator[int]:
    """Endless indexes into a mix, drawn by weight."""
    return repeat(0) if len(weights) == 1 else _drawn(weights, seed)


def _constant(rate: float) -> Iterator[int]:
    return (round(number * NS / rate) for number in count())


def _poisson(rate: float, seed: int) -> Iterator[int]:
    draw = Random(f"{seed}/arrivals").expovariate
    at = 0.0
    while True:
        at += draw(rate)
        yield round(at * NS)


def _drawn(weights: Sequence[float], seed: int) -> Iterator[int]:
    random = Random(f"{seed}/mix")
    kinds = range(len(weights))
    while True:
        yield from random.choices(kinds, weights, k=_BLOCK)

"""When requests leave and which kind each one is: pure, and the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count, islice, repeat, takewhile
from random import Random

from chaosmesh.load.plan import Arrivals, Stream
from chaosmesh.load.shapes import NS

_BLOCK = 256


def offsets_ns(arrivals: Arrivals, rate: float, seed: int) -> Iterator[int]:
    """Endless send times in nanoseconds after the start of the stream, never decreasing.

    Constant arrivals start at 0 and are computed from their number, so no rounding adds up; Poisson
    arrivals have independent exponential gaps with mean 1/rate.
    """
    if arrivals == "poisson":
        return (round(at * NS) for at in _sums(rate, seed))
    return (round(number * NS / rate) for number in count())


def schedule(stream: Stream) -> Iterator[int]:
    """The send times of one stream, ended by its count, its duration and its shape."""
    times = _times(stream)
    if stream.duration is not None:
        end = round(stream.duration * NS)
        times = takewhile(lambda offset: offset < end, times)
    return times if stream.count is None else islice(times, stream.count)


def picks(weights: Sequence[float], seed: int) -> Iterator[int]:
    """Endless indexes into a mix, drawn by weight."""
    return repeat(0) if len(weights) == 1 else _drawn(weights, seed)


def _times(stream: Stream) -> Iterator[int]:
    if stream.shape is None:
        return offsets_ns(stream.arrivals, stream.rate, stream.seed)
    totals = _sums(1.0, stream.seed) if stream.arrivals == "poisson" else count()
    return stream.shape.offsets_ns(totals)


def _sums(rate: float, seed: int) -> Iterator[float]:
    draw = Random(f"{seed}/arrivals").expovariate
    at = 0.0
    while True:
        at += draw(rate)
        yield at


def _drawn(weights: Sequence[float], seed: int) -> Iterator[int]:
    random = Random(f"{seed}/mix")
    kinds = range(len(weights))
    while True:
        yield from random.choices(kinds, weights, k=_BLOCK)

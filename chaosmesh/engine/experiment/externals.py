"""Something outside the mesh in a test's hands: the faults on connections to it are context managers."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from chaosmesh.engine.experiment.contexts import FaultContext
from chaosmesh.engine.experiment.holding import Hand
from chaosmesh.engine.experiment.in_force import InForce
from chaosmesh.engine.experiment.names import Named, Path
from chaosmesh.engine.externals import notes
from chaosmesh.errors import UsageError
from chaosmesh.faults import Bandwidth, Down, Latency, LimitData, Reset, Slicer, SlowClose, Stream, Timeout
from chaosmesh.faults.connections import OnConnections
from chaosmesh.faults.external import OnExternal
from chaosmesh.faults.units import rate, size
from chaosmesh.judge.durations import duration as seconds

_numbers = itertools.count(1)


class ExternalOf:
    """One of the scenario's `externals:`. Everybody's connections to it meet the fault."""

    def __init__(self, session: Hand, name: str) -> None:
        known = [one.name for one in session.live.stack.externals]
        if name not in known:
            raise UsageError(
                f"there is no external {name!r}",
                hint=f"one of: {', '.join(known)}"
                if known
                else "the scenario file names them: externals: {db: {address: …}}",
            )
        self._session = session
        self.name = name
        for note in notes(one for one in session.live.stack.externals if one.name == name):
            session.say(note)

    def __repr__(self) -> str:
        return f"<external {self.name}>"

    @property
    def address(self) -> str:
        """Where workloads reach it, as "address:port": its proxy."""
        one = next(one for one in self._session.live.stack.externals if one.name == self.name)
        return f"{one.door}:{one.port}"

    def latency(self, delay: str, *, jitter: str = "0ms", stream: Stream = "downstream") -> FaultContext:
        """Everything that comes from it is held back: "300ms", ± jitter."""
        ms, plus = _ms(delay, "latency"), _ms(jitter, "jitter")
        return self._fault(f"+{delay}", lambda name, edge: Latency(name, edge, ms, plus, stream=stream))

    def down(self) -> FaultContext:
        """Open connections end, new ones are refused."""
        return self._fault("down", lambda name, edge: Down(name, edge))

    def reset(self, *, every: str = "1s") -> FaultContext:
        """Every open connection is cut at once, and again once a period; new ones work."""
        ms = _ms(every, "every")
        return self._fault(f"reset every {every}", lambda name, edge: Reset(name, edge, every_ms=ms))

    def bandwidth(self, limit: str, *, stream: Stream = "downstream") -> FaultContext:
        """Each connection carries at most "64KB/s"."""
        kb = rate(limit, "bandwidth")
        return self._fault(limit, lambda name, edge: Bandwidth(name, edge, kb=kb, stream=stream))

    def timeout(self, after: str = "0ms", *, stream: Stream = "downstream") -> FaultContext:
        """Nothing comes through any more; connections end `after` that time, with "0ms" only when it is healed."""
        ms = _ms(after, "timeout")
        return self._fault(f"timeout {after}", lambda name, edge: Timeout(name, edge, ms=ms, stream=stream))

    def slow_close(self, delay: str) -> FaultContext:
        """Connections end so much later than they were closed."""
        ms = _ms(delay, "slow_close")
        return self._fault(f"slow close {delay}", lambda name, edge: SlowClose(name, edge, ms=ms))

    def slicer(self, *, size: int | str, delay: str = "0ms", stream: Stream = "downstream") -> FaultContext:
        """What comes arrives in pieces of `size` bytes, `delay` apart."""
        amount, us = _bytes(size, "slicer"), round(seconds(delay, "slicer: delay") * 1e6)
        return self._fault(
            f"slices of {size}",
            lambda name, edge: Slicer(name, edge, bytes=amount, delay_us=us, stream=stream),
        )

    def limit_data(self, limit: int | str, *, stream: Stream = "downstream") -> FaultContext:
        """Each connection ends once so many bytes ("1KB") went through it."""
        amount = _bytes(limit, "limit_data")
        return self._fault(
            f"limit {limit}", lambda name, edge: LimitData(name, edge, bytes=amount, stream=stream)
        )

    def _fault(self, label: str, make: Callable[[str, tuple[str, str]], OnConnections]) -> FaultContext:
        made = make(f"external-{self.name}-{next(_numbers)}", ("", self.name))
        named = Named(f"external {self.name}", (Path("", self.name),))
        return FaultContext(self._session.live, InForce(label, named, (OnExternal(self.name, made),)))


def _ms(text: str, what: str) -> int:
    value = seconds(text, what) * 1000
    if value != round(value):
        raise UsageError(f"{what}: {text!r} is no whole number of milliseconds", hint='"1ms" is the smallest')
    return round(value)


def _bytes(value: int | str, what: str) -> int:
    return size(value, what)

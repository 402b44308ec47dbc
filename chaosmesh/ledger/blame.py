"""Which fault was in force where something broke."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from chaosmesh.ledger.faults import FaultEvent, FaultWindow, windows
from chaosmesh.ledger.model import Attempt, Call

BROKEN = frozenset({"UF", "UC", "UR", "LR", "UPE", "DPE", "DR"})
"""Envoy's flags of a connection that was not made, or broke."""
LATE = frozenset({"UT", "DT", "SI", "UMSDR"})
"""Envoy's flags of what took too long for a bound of the policy."""
GONE = frozenset({"UH"})
"""Envoy's flag of a workload none of whose hosts is thought well."""
LEFT = frozenset({"DC"})
"""Envoy's flag of a caller that left: it had lost its patience, or its own process."""

BY_REQUEST = frozenset({"errors", "delay"})
"""Kinds of faults whose victims are marked one by one; they explain nothing else but hosts that are not thought well."""
SLOWING = frozenset({"latency", "bandwidth", "slicer", "slow_close"})
"""Kinds of faults that let everything through, only later."""
APART = ("certificate", "control")
"""First words of the kinds of faults that no application can answer for with a status of its own."""


@dataclass(slots=True)
class Blame:
    """The fault timeline, asked by place and time.

    `entries`: the workloads at which a stream's users come in. `targets`: the workloads that were seen behind a
    service, for calls that found no host at all.
    """

    windows: tuple[FaultWindow, ...] = ()
    entries: dict[int, set[str]] = field(default_factory=dict)
    targets: dict[str, set[str]] = field(default_factory=dict)

    def learn(self, events: Iterable[FaultEvent]) -> None:
        """Take in the whole timeline anew."""
        self.windows = windows(events)

    def enters(self, stream: int, workload: str) -> bool:
        """Note where a stream's users come in; whether that was new."""
        return _noted(self.entries.setdefault(stream, set()), workload)

    def serves(self, service: str, workload: str) -> bool:
        """Note who is behind a service; whether that was new."""
        return _noted(self.targets.setdefault(service, set()), workload)

    def delays(self, fault: str) -> bool:
        """Whether a request fault only delays its victims."""
        return any(one.fault == fault and one.kind == "delay" for one in self.windows)

    def of_attempt(self, call: Call, one: Attempt | None, flags: Collection[str]) -> FaultWindow | None:
        """The fault behind what a caller's sidecar says of an attempt (None: of a call that found no host)."""
        if not self.windows:
            return None
        begin, end = (call.start_ns, call.end_ns) if one is None else (one.start_ns, one.end_ns)
        replica = one.replica if one else None
        on_edge = [
            window
            for window in self._during(begin, end, flags)
            if (window.client, window.service) == (call.client, call.service)
            and (window.replica is None or replica is None or window.replica == replica)
        ]
        if best := _best(on_edge, flags):
            return best
        servers = {one.server} if one and one.server else self.targets.get(call.service, set())
        for server in sorted(servers):
            if best := self.of_workload(server, replica, begin, end, flags):
                return best
        return self.of_workload(call.client, call.replica, begin, end, flags)

    def of_workload(
        self, node: str, replica: int | None, begin_ns: int, end_ns: int, flags: Collection[str]
    ) -> FaultWindow | None:
        """The fault of a workload that explains flags (none: a status of its own)."""
        found = [
            window
            for window in self._during(begin_ns, end_ns, flags)
            if node
            and window.server == node
            and (window.replica is None or replica is None or window.replica == replica)
        ]
        return _best(found, flags)

    def _during(self, begin_ns: int, end_ns: int, flags: Collection[str]) -> list[FaultWindow]:
        return [
            one for one in self.windows if one.overlaps(begin_ns, end_ns) and _explains(one.kind, set(flags))
        ]


def _explains(kind: str, flags: set[str]) -> bool:
    """Never what a breaker decided (UO): that is the policy's own doing, whatever filled it."""
    if kind in BY_REQUEST:
        return bool(flags & GONE)
    if kind in SLOWING:
        return bool(flags & (LATE | LEFT))
    if not flags:
        return not kind.startswith(APART)
    return bool(flags & (BROKEN | LATE | GONE | LEFT))


def _best(found: list[FaultWindow], flags: Collection[str]) -> FaultWindow | None:
    """What slows things for what was late, what breaks them for what broke; of several the one put in last."""
    late = bool(LATE.intersection(flags))
    return max(found, key=lambda one: ((one.kind in SLOWING) == late, one.begin_ns, one.fault), default=None)


def _noted(known: set[str], name: str) -> bool:
    if name in known:
        return False
    known.add(name)
    return True

"""Why a request failed: its tree walked down from the entry to the first thing that explains it.

A failed call made by the failing application explains it, and is followed to its last attempt; there again to the
calls below that attempt. At the bottom, in this order: the request fault that hit the attempt, the connection or
process fault that was in force there (`blame`), the sidecar's flag, the application's own status. Something that
took too long is followed to what was still under way when its time was up, because the fault may be there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from chaosmesh.envoy import AccessRow
from chaosmesh.ledger.addresses import node_of, replica_of
from chaosmesh.ledger.blame import BROKEN, LATE, LEFT, Blame
from chaosmesh.ledger.faults import FaultWindow
from chaosmesh.ledger.model import Attempt, Call, Cause
from chaosmesh.load import Record

UNATTRIBUTED = Cause("unattributed")
DELAYED = "DI"
"""Envoy's flag of a request that a fault only delayed."""
NEAR_NS = 5_000_000
"""Two sidecars see the same end at different moments: a cancelled call may seem to end before its caller's."""


@dataclass(frozen=True, slots=True)
class Case:
    """One failed request: its record, the row of its entry, its calls, and what is known of the whole run."""

    record: Record
    stream: int
    entry: AccessRow | None
    calls: tuple[Call, ...]
    blame: Blame
    killed: Mapping[str, int]

    def cause(self) -> Cause:
        """The one cause of the failure."""
        if self.entry is None:
            return self._without_entry()
        node = node_of(self.entry.sidecar)
        own = [one for one in self.calls if _is_entry(one, self.entry, node)]
        if own:
            return self._of_call(own[0])
        if name := self._victim(self.entry.victim, LATE.union(self.entry.flags)):
            return Cause("fault", name, node)
        if not self.record.status and (
            slow := self._under_way(node, self.entry.lineage, self.record.done_ns)
        ):
            return slow
        if below := self._failed_below(node, self.entry.lineage):
            return self._of_call(below)
        return self._of_answer(self.entry, node)

    def _without_entry(self) -> Cause:
        """No sidecar wrote a row of its own for it: the door was closed, or its row died with the sidecar."""
        begin, end = self.record.sent_ns, self.record.done_ns
        for node in sorted(self.blame.entries.get(self.stream, ())):
            detail = self.record.error or str(self.record.status)
            if window := self.blame.of_workload(node, None, begin, end, BROKEN):
                return _fault(window, node, detail)
            if self.record.status and (below := self._failed_below(node, "")):
                return self._of_call(below)
            if self.record.status and (at := self._died(node, begin)):
                return Cause("status", str(self.record.status), at, "its row was lost")
        if self.record.status:
            return UNATTRIBUTED
        return Cause("client", self.record.error or "no answer")

    def _of_answer(self, entry: AccessRow, node: str) -> Cause:
        end = entry.start_ns + round(entry.duration_ms * 1e6)
        window = self.blame.of_workload(node, replica_of(entry.sidecar), entry.start_ns, end, entry.flags)
        if window and (entry.flags or entry.status >= 500):
            return _fault(window, node, _told(entry.flags, entry.status))
        if entry.flags:
            # The generator hung up first: what the sidecar notes (DC) only repeats it.
            if "DC" in entry.flags and not self.record.status:
                return Cause("client", self.record.error or "no answer", node)
            return Cause("flag", ",".join(entry.flags), node)
        if self.record.error and not self.record.status:
            return Cause("client", self.record.error, node)
        if self.record.error and entry.status < 500:
            return Cause("client", self.record.error, node)
        return _status(entry.status, entry.grpc_status, node)

    def _failed_below(self, client: str, lineage: str) -> Call | None:
        made = [one for one in self.calls if one.client == client and _failed(one)]
        # Applications that don't pass the lineage on leave it empty: then any call of theirs is theirs.
        made = [one for one in made if not lineage or one.lineage in {lineage, ""}]
        return max(made, key=lambda one: (one.end_ns, one.id), default=None)

    def _of_call(self, call: Call, above: frozenset[int] = frozenset()) -> Cause:
        edge = f"{call.client}>{call.service}"
        last = call.attempts[-1] if call.attempts else None
        if last is None:
            return self._of_no_attempt(call, edge)
        flags = _flags(call, last)
        if name := self._victim(last.victim, flags):
            return Cause("fault", name, edge)
        below = self._failed_below(last.server, last.lineage) if last.matched or last.lost else None
        if LATE.isdisjoint(flags) and below and id(below) not in above:
            return self._of_call(below, above | {id(call)})
        if window := self.blame.of_attempt(call, last, flags) if flags else None:
            return _fault(window, edge, ",".join(flags))
        if not LATE.isdisjoint(flags) and (
            slow := self._under_way(last.server, last.lineage, last.end_ns, above | {id(call)})
        ):
            return slow
        return self._of_attempt(last, edge, flags)

    def _of_no_attempt(self, call: Call, edge: str) -> Cause:
        if not call.flags:
            return _status(call.status, call.grpc_status, edge)
        if window := self.blame.of_attempt(call, None, call.flags):
            return _fault(window, edge, ",".join(call.flags))
        return Cause("flag", ",".join(call.flags), edge)

    def _of_attempt(self, last: Attempt, edge: str, flags: tuple[str, ...]) -> Cause:
        if flags:
            return Cause("flag", ",".join(flags), edge)
        if not last.matched and not self._died(last.server, last.start_ns) and not last.lost:
            return UNATTRIBUTED
        flags = tuple(one for one in last.server_flags if one != DELAYED)
        window = self.blame.of_workload(last.server, last.replica, last.start_ns, last.end_ns, flags)
        if window:
            return _fault(window, last.server, _told(flags, last.status))
        if flags:
            return Cause("flag", ",".join(flags), last.server)
        found = _status(last.status, last.grpc_status, last.server)
        if found is UNATTRIBUTED or last.matched:
            return found
        return Cause(found.kind, found.name, found.place, "a row of it was lost")

    def _under_way(
        self, client: str, lineage: str, at_ns: int, above: frozenset[int] = frozenset()
    ) -> Cause | None:
        """The fault in what an application was still waiting for at a moment; None where there is none."""
        if not client:
            return None
        for call in self.calls:
            ours = call.client == client and (not lineage or call.lineage in {lineage, ""})
            if not ours or id(call) in above or not _during(call, at_ns):
                continue
            edge = f"{call.client}>{call.service}"
            for one in reversed(call.attempts):
                if name := self._victim(one.victim, LATE):
                    return Cause("fault", name, edge)
                told = LATE.union(one.flags) - LEFT
                if window := self.blame.of_attempt(call, one, told):
                    return _fault(window, edge, ",".join(one.flags) or "still under way")
                if found := self._under_way(one.server, one.lineage, at_ns, above | {id(call)}):
                    return found
        return None

    def _victim(self, victim: str, flags: Collection[str]) -> str:
        """The request fault that hit an attempt and explains how it ended: a delay explains only what was late."""
        for name in victim.split(","):
            if name and (not self.blame.delays(name) or not LATE.isdisjoint(flags)):
                return name
        return ""

    def _died(self, node: str, at_ns: int) -> str:
        """The sidecar of a workload that died after a moment, and may have taken rows from then along."""
        return next((node for key, at in self.killed.items() if node_of(key) == node and at >= at_ns), "")


def _is_entry(call: Call, entry: AccessRow, node: str) -> bool:
    if entry.call and call.id == entry.call:
        return True
    return entry.side == "egress" and call.client == node and call.start_ns == entry.start_ns


def _failed(call: Call) -> bool:
    """Whether a call gave its application no whole answer: a good status may come before the connection breaks."""
    last = call.attempts[-1:]
    if call.lost:
        return any(not 0 < one.status < 500 or bool(one.grpc_status) for one in last)
    return not call.ok or any(not BROKEN.isdisjoint(one) for one in (call.flags, *(a.flags for a in last)))


def _during(call: Call, at_ns: int) -> bool:
    """Whether a call was under way at a moment: it ends a little before or after what waited for it is ended."""
    return call.start_ns <= at_ns and (call.end_ns >= at_ns - NEAR_NS or call.lost)


def _flags(call: Call, last: Attempt) -> tuple[str, ...]:
    # URX only says that the retries are used up, not why the last one failed.
    return last.flags or tuple(one for one in call.flags if one != "URX")


def _fault(window: FaultWindow, place: str, detail: str) -> Cause:
    return Cause("fault", window.fault, place, detail)


def _told(flags: tuple[str, ...], status: int) -> str:
    return ",".join(flags) or str(status)


def _status(status: int, grpc: int | None, node: str) -> Cause:
    if grpc:
        return Cause("status", f"grpc {grpc}", node)
    return Cause("status", str(status), node) if status >= 500 else UNATTRIBUTED

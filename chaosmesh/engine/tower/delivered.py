"""What a fault really did, counted while it is in force: nothing is taken for granted because it was asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chaosmesh.engine.experiment.in_force import UNLIKELY, InForce
from chaosmesh.engine.standing_in import DEAD, others
from chaosmesh.engine.tower.seen import Pair, Seen
from chaosmesh.envoy import AccessRow
from chaosmesh.faults import Fault
from chaosmesh.faults.connections import OnConnections
from chaosmesh.faults.requests import OnRequests
from chaosmesh.mesh import Mesh


@dataclass(slots=True)
class _Tried:
    """An attempt, as faults read it."""

    row: AccessRow
    replica: int | None

    @property
    def start_ns(self) -> int:
        return self.row.start_ns

    @property
    def duration_ms(self) -> float:
        return self.row.duration_ms

    @property
    def status(self) -> int:
        return self.row.status

    @property
    def flags(self) -> tuple[str, ...]:
        return self.row.flags

    @property
    def victim(self) -> str:
        return self.row.victim

    @property
    def upstream(self) -> str:
        return self.row.upstream


class Delivered:
    """Of one fault as it was asked for, from now until `end`."""

    def __init__(self, context: InForce, seen: Seen, mesh: Callable[[], Mesh]) -> None:
        self._context = context
        self._seen = seen
        self._mesh = mesh
        self._faults: dict[Pair, Fault] = {
            path.pair: fault for path, fault in zip(context.paths, context.faults, strict=True)
        }
        self._attempts = self._hit = 0
        self._before = {one.id: seen.hits[one.id] for one in context.faults}
        seen.attempters.append(self._attempt)

    def end(self) -> None:
        """Count no more."""
        if self._attempt in self._seen.attempters:
            self._seen.attempters.remove(self._attempt)

    @property
    def missed(self) -> str:
        """In words, that it surely should have met something by now and has not; nothing where that can't be said."""
        first = self._context.faults[0]
        if isinstance(first, OnRequests):
            share = 0.0 if first.some else first.drawn[0]
            hits = self._victims
            if hits or not share or (1 - share) ** self._attempts > UNLIKELY:
                return ""
            return f"{self._context}: the fault met none of {self._attempts:,} attempts"
        if (
            isinstance(first, OnConnections)
            and self._attempts >= 100
            and not self._hit
            and first.kind != "reset"
        ):
            return f"{self._context}: the fault met none of {self._attempts:,} attempts"
        return ""

    @property
    def unmet(self) -> bool:
        """Whether nothing shows so far that it did anything, where something would."""
        hit, _ = self.told()
        return hit == 0

    @property
    def _victims(self) -> int:
        return sum(self._seen.hits[one.id] - self._before[one.id] for one in self._context.faults)

    def told(self) -> tuple[int | None, str]:
        """How often it hit, and on what that rests."""
        first = self._context.faults[0]
        if isinstance(first, OnRequests):
            return self._victims, _share(self._victims, self._attempts)
        if isinstance(first, OnConnections):
            if first.kind == "reset":
                cuts = sum(len(getattr(one, "cuts", ())) for one in self._context.faults)
                return cuts, f"cut the connections {cuts:,} times, {self._hit:,} attempts broke"
            return self._hit, _share(self._hit, self._attempts)
        doses = [one.dose(()) for one in self._context.faults]
        text = "; ".join(dict.fromkeys(one.evidence for one in doses if one.evidence))
        return sum(one.hit for one in doses), text

    def _attempt(self, pair: Pair, row: AccessRow, node: str, replica: int | None) -> None:
        fault = self._faults.get(pair)
        if fault is None:
            return
        scope = getattr(fault, "workload", None), getattr(fault, "replica", None)
        if scope[0] not in (None, node) or scope[1] not in (None, replica):
            return
        self._attempts += 1
        if isinstance(fault, OnRequests):
            return
        if isinstance(fault, OnConnections):
            self._hit += self._shows(fault, row, node, replica)

    def _shows(self, fault: OnConnections, row: AccessRow, node: str, replica: int | None) -> bool:
        dose = fault.dose([_Tried(row, replica)])
        if dose.unit == "cut":
            return bool({"UF", "UC", "UR", "LR"} & set(row.flags))
        led_away = fault.kind in DEAD and row.attempt == 1 and node in others(self._mesh(), fault.edge[1])
        return dose.hit > 0 or led_away


def _share(hit: int, attempts: int) -> str:
    return f"met {hit:,} of {attempts:,} attempts ({hit / attempts:.1%})" if attempts else "no attempt yet"

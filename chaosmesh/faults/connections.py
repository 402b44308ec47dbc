"""What all faults on connections share: they act on every proxy of an edge, or of one replica's share of it.

Toxiproxy draws a toxic's share once per connection, and sidecars keep connections: 30 % of the connections is all of
some requests and none of others. So these faults meet every connection, and a share is a request fault's word.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

from chaosmesh.errors import UsageError
from chaosmesh.faults.base import LOST, WAITED, AttemptSeen, Dose, Effect, Scope, Site, Stream

LONGEST_MS = 3_600_000
"""An hour: what is longer is a slip of the pen."""


@dataclass(frozen=True, slots=True)
class OnConnections(ABC):
    """Base: `workload` narrows it to one node behind the service, `replica` to one copy of each. `kind` is its word."""

    id: str
    edge: tuple[str, str]
    _: KW_ONLY
    workload: str | None = None
    replica: int | None = None
    stream: Stream = "downstream"
    kind: ClassVar[str]

    @property
    @abstractmethod
    def values(self) -> Mapping[str, int]:
        """The dose in the proxy's own attributes."""

    @property
    def size(self) -> Mapping[str, Any]:
        """The dose as asked for, and where if it is less than the whole edge."""
        return {**self.values, **self.narrowed}

    @property
    def narrowed(self) -> Mapping[str, Any]:
        """What makes it less than the plain fault on the whole edge."""
        said: dict[str, Any] = {"workload": self.workload, "replica": self.replica}
        if self.stream != "downstream":
            said["stream"] = self.stream
        return {name: value for name, value in said.items() if value is not None}

    @property
    def scope(self) -> Scope:
        """The connections it acts on."""
        return Scope(*self.edge, self.workload, self.replica)

    async def apply(self, site: Site) -> None:
        """One effect on each proxy of the scope."""
        await site.impair(self.id, self.scope, Effect(self.kind, self.values, self.stream))

    async def heal(self, site: Site) -> None:
        """All of them off."""
        await site.repair(self.id)

    @abstractmethod
    def dose(self, attempts: Sequence[AttemptSeen]) -> Dose:
        """What it did to the attempts that were made while it was in force."""

    def mine(self, attempts: Sequence[AttemptSeen]) -> list[AttemptSeen]:
        """The attempts that went where it acts."""
        return [one for one in attempts if self.replica is None or one.replica == self.replica]


@dataclass(frozen=True, slots=True)
class Shown(OnConnections):
    """Base: one whose attempts show each for itself whether they met it."""

    def dose(self, attempts: Sequence[AttemptSeen]) -> Dose:
        """By what the attempts show."""
        mine = self.mine(attempts)
        return Dose(len(mine), sum(self.felt(one) for one in mine), 1.0)

    @abstractmethod
    def felt(self, attempt: AttemptSeen) -> bool:
        """Whether one attempt shows the fault."""


def crossed(fault: OnConnections, attempts: Sequence[AttemptSeen]) -> Dose:
    """The dose of a fault that leaves no sure trace in an attempt: whoever crossed a proxy that holds the toxic (its
    answer was compared with what was asked for) met it."""
    mine = fault.mine(attempts)
    hit = sum(bool(one.upstream) and "UF" not in one.flags for one in mine)
    return Dose(len(mine), hit, 1.0, evidence=f"crossed a proxy with the toxic {fault.kind} in force")


def given_up(attempt: AttemptSeen) -> bool:
    """Whether nobody waited for the answer any longer."""
    return bool(WAITED & set(attempt.flags)) or (not attempt.status and not attempt.flags)


def broken(attempt: AttemptSeen) -> bool:
    """Whether its connection could not be made, or ended before the answer did."""
    return bool(LOST & set(attempt.flags))


def checked_stream(word: str, stream: str) -> None:
    """UsageError unless it is one of the two."""
    if stream not in ("upstream", "downstream"):
        raise UsageError(
            f'{word}: stream is "downstream" (answers) or "upstream" (requests), not {stream!r}',
            hint='stream="upstream"',
        )


def between(word: str, what: str, value: int, low: int, high: int, hint: str) -> None:
    """UsageError unless a whole number lies within its bounds."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise UsageError(
            f"{word}: {what} must be a whole number from {low} to {high:,} (got {value!r})", hint=hint
        )

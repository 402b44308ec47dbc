"""A fault on everything that an edge stands for: as asked for, what it should do, what it did."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chaosmesh.engine.experiment.names import Named, Path
from chaosmesh.engine.predict import FailingEdge
from chaosmesh.engine.standing_in import dose_of
from chaosmesh.faults import Dose, Down, Errors, Fault, Latency
from chaosmesh.ledger import Attempt
from chaosmesh.mesh import Mesh

UNLIKELY = 1e-6
"""Chance of meeting nothing by bad luck, below which a fault counts as not delivered."""

Attempts = Callable[[Path], Sequence[Attempt]]


@dataclass(frozen=True, slots=True)
class Met:
    """What a fault met while an expectation ran: `hit` of `attempts` attempts."""

    what: str
    attempts: int
    hit: int
    planned: float

    @property
    def may_come(self) -> bool:
        """True while it may be mere luck that nothing was hit."""
        return self.attempts > 0 and (1 - self.planned) ** self.attempts > UNLIKELY

    @property
    def nothing(self) -> str:
        """In words, why this says nothing."""
        if not self.attempts:
            return f"{self.what}: no attempt was made on this edge; the traffic does not come this way"
        return f"{self.what}: the fault met none of {self.attempts:,} attempts"

    def __str__(self) -> str:
        share = f" ({self.hit / self.attempts:.1%})" if self.attempts else ""
        return f"met {self.hit:,} of {self.attempts:,} attempts{share}"


@dataclass(slots=True)
class InForce:
    """One fault as a user asked for it: a `Fault` for each path of an edge."""

    label: str
    edge: Named
    faults: tuple[Fault, ...]

    def __str__(self) -> str:
        return f"{self.label} on {self.edge}"

    @property
    def paths(self) -> tuple[Path, ...]:
        """What the edge stands for; a fault each."""
        return self.edge.paths

    def met(self, mesh: Mesh, attempts: Attempts) -> Met:
        """What it did to the attempts of its edge, under the policy in force."""
        doses: list[Dose] = []
        for path, fault in zip(self.paths, self.faults, strict=True):
            doses.append(dose_of(fault, mesh, attempts(path)))
        planned = max(one.planned for one in doses)
        return Met(str(self), sum(one.attempts for one in doses), sum(one.hit for one in doses), planned)

    @property
    def theory(self) -> tuple[FailingEdge | None, ...]:
        """How each path fails; None for what the closed forms don't know."""
        return tuple(
            None if path.workload else _theory(fault)
            for path, fault in zip(self.paths, self.faults, strict=True)
        )


def _theory(fault: Fault) -> FailingEdge | None:
    match fault:
        case Errors():
            return FailingEdge(fault.edge, fault.share, fault.status, "answered")
        case Latency():
            return FailingEdge(fault.edge, 1.0, 504, "slow", fault.ms / 1000)
        case Down():
            return FailingEdge(fault.edge, 1.0, 503, "reset")
    return None

"""A fault on everything that an edge stands for: as asked for, what it should do, what it did."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chaosmesh.engine.experiment.fits import only_connections
from chaosmesh.engine.experiment.names import Named, Path
from chaosmesh.engine.predict import FailingEdge
from chaosmesh.engine.standing_in import dose_of
from chaosmesh.engine.theory import failing_edge
from chaosmesh.faults import Dose, Fault
from chaosmesh.ledger import Attempt
from chaosmesh.mesh import Mesh

UNLIKELY = 1e-6
"""Chance of meeting nothing by bad luck, below which a fault counts as not delivered."""

Attempts = Callable[[Path], Sequence[Attempt]]


@dataclass(frozen=True, slots=True)
class Met:
    """What a fault met while an expectation ran. `hit` counts what `unit` says: of `attempts` attempts those that
    it hit ("attempt"), cuts of the edge's connections ("cut"), or whatever else was done ("act"). On an edge that
    carries connections (TCP) alone nobody can tell ("connection").

    `planned` is the share of the attempts that it should hit, 0 where none can be told. `evidence`: what `hit` rests
    on, where it isn't a mark on the attempts.
    """

    what: str
    attempts: int
    hit: int
    planned: float
    unit: str = "attempt"
    evidence: str = ""

    @property
    def may_come(self) -> bool:
        """True while it may be mere luck that nothing was hit."""
        return self.attempts > 0 and (1 - self.planned) ** self.attempts > UNLIKELY

    @property
    def nothing(self) -> str:
        """In words, why this says nothing."""
        if self.unit == "act":
            return f"{self.what}: nothing shows that the fault did anything" + self._because
        if self.unit == "connection":
            return f"{self.what}: connections (TCP) belong to no request, so that nothing tells what met it"
        if not self.attempts:
            return f"{self.what}: no attempt was made on this edge; the traffic does not come this way"
        if self.unit == "cut":
            return f"{self.what}: no cut came while the {self.attempts:,} attempts were made"
        return f"{self.what}: the fault met none of {self.attempts:,} attempts" + self._because

    @property
    def _because(self) -> str:
        return f" ({self.evidence})" if self.evidence else ""

    def __str__(self) -> str:
        if self.unit == "cut":
            return f"cut its connections {_times(self.hit)}" + self._because
        if self.unit == "act":
            return f"acted {_times(self.hit)}" + self._because
        share = f" ({self.hit / self.attempts:.1%})" if self.attempts else ""
        return f"met {self.hit:,} of {self.attempts:,} attempts{share}{self._because}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"


@dataclass(slots=True)
class InForce:
    """One fault as a user asked for it: a `Fault` for each path of an edge. A fault on a node has one path, without
    a client."""

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
        doses = [
            dose_of(fault, mesh, attempts(path)) for path, fault in zip(self.paths, self.faults, strict=True)
        ]
        return Met(
            str(self),
            sum(one.attempts for one in doses),
            sum(one.hit for one in doses),
            max(one.planned for one in doses),
            "connection" if only_connections(mesh, self.paths) else doses[0].unit,
            _evidence(doses),
        )

    @property
    def theory(self) -> tuple[FailingEdge | None, ...]:
        """How each path fails; None for what the closed forms don't know."""
        return tuple(
            None if path.workload else failing_edge(fault)
            for path, fault in zip(self.paths, self.faults, strict=True)
        )


def _evidence(doses: Sequence[Dose]) -> str:
    """What the doses rest on; of several that differ, each for itself."""
    return "; ".join(dict.fromkeys(one.evidence for one in doses if one.evidence))

"""What an expectation asks: a requirement, where it is counted, and what the policy has to say of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chaosmesh.engine.experiment.names import Named, Path
from chaosmesh.errors import UsageError
from chaosmesh.judge import Requirement
from chaosmesh.judge.bursts import ONE_BY_ONE, Counting

_MEANT = {"edge": "an edge", "node": "a node or a replica"}
_HINTS = {"edge": 'on=edge, where edge = mesh.edge("client", "service")', "node": 'on=mesh.node("name")'}


@dataclass(frozen=True, slots=True)
class Question:
    """A requirement and the edge it is about; no edge: what users at the entry feel.

    What the policy says is known before anything is counted. `most`: attempts that it allows for one call (or one
    request). `cut`: whether the bound of a cut-off is its bound on a call or on an attempt ("" if neither). `route`: whose
    calls a split is about ("": of all). `spare`:
    workloads that only stand in for the service's own. `counting`: whether outcomes count one by one or in blocks,
    by the faults in force. `planned`: requests that should be enough for a verdict; None
    where that can't be told. `connections`: whether the edge carries nothing but connections (TCP), so that
    nothing can be counted on it.
    """

    requirement: Requirement
    edge: Named | None = None
    most: int | None = None
    cut: str = ""
    route: str = ""
    spare: tuple[str, ...] = ()
    counting: Counting = ONE_BY_ONE
    planned: int | None = None
    connections: bool = False

    def __post_init__(self) -> None:
        name, needs = self.requirement.name, self.requirement.needs
        if needs and self.edge is None:
            raise UsageError(f"{name} is counted on {_MEANT[needs]}, and none is named", hint=_HINTS[needs])

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Client and service of every edge that is meant."""
        return tuple(dict.fromkeys(one.pair for one in self.paths))

    @property
    def paths(self) -> tuple[Path, ...]:
        """Every path of the edge that is meant."""
        return self.edge.paths if self.edge else ()

    @property
    def plain(self) -> Question:
        """The same without what can't be written down: the object that a test gave as `on`."""
        return replace(self, requirement=replace(self.requirement, on=None))

    def __str__(self) -> str:
        on = f" on {self.edge}" if self.edge else ""
        return f"{self.requirement.statement}{on}"

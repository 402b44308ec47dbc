"""What the policy predicts under the faults in force: success at the entry, and success and attempts on every edge.

A window of n calls shows the predicted share give or take luck: the band is where it lies in 99 of 100 windows
(normal approximation of the binomial distribution, with one call of room at each end).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from chaosmesh.engine.predict import FailingEdge, Prediction, predict
from chaosmesh.engine.tower.faults import Standing
from chaosmesh.engine.tower.state import Predicted, Range
from chaosmesh.mesh import Mesh

Z: Final = 2.576
"""Standard deviations that hold 99 % of a normal distribution."""


@dataclass(frozen=True)
class Foreseen:
    """`entry`: success of requests that come in there. `success`: of calls of an edge; `attempts`: a call of it. `unknown`:
    why nothing is predicted, if so."""

    entry: float | None = None
    success: Mapping[tuple[str, str], float] = field(default_factory=dict)
    attempts: Mapping[tuple[str, str], float] = field(default_factory=dict)
    unknown: str = ""

    def edge(self, pair: tuple[str, str], n: int) -> Predicted | None:
        """For a window of n calls."""
        success = self.success.get(pair)
        if success is None:
            return None
        low, high = band(success, n)
        return Predicted(Range(round(low, 5), round(high, 5)), round(self.attempts.get(pair, 1.0), 4))


def band(share: float, n: int) -> tuple[float, float]:
    """Where the share of n outcomes lies 99 times in 100."""
    if n <= 0:
        return share, share
    room = Z * math.sqrt(share * (1 - share) / n) + (1 / n if 0 < share < 1 else 0)
    return max(0.0, share - room), min(1.0, share + room)


def foresee(mesh: Mesh, entries: Sequence[str], faults: Sequence[Standing]) -> Foreseen:
    """From closed forms (`engine.predict`): nothing where a fault has none."""
    if not faults:
        return Foreseen()
    failing: list[FailingEdge] = []
    for one in faults:
        for theory in one.context.theory:
            if theory is None:
                return Foreseen(unknown=f"no closed form knows {one.context}")
            failing.append(theory)
    if len({one.edge for one in failing}) < len(failing):
        return Foreseen(unknown="several faults are on one edge")
    http = [one for one in entries if any(each.name == one for each in mesh.workloads)]
    if not http:
        return Foreseen(unknown="users come in nowhere")
    whole = predict(mesh, http[0], *failing)
    if whole.success is None:
        return Foreseen(unknown=whole.unknown)
    return Foreseen(whole.success, _edges(mesh, failing, whole), whole.by_edge)


def _edges(mesh: Mesh, failing: Sequence[FailingEdge], whole: Prediction) -> Mapping[tuple[str, str], float]:
    """Success of the calls of each edge that fails itself or leads to one that does: what a client would see that calls
    nothing else."""
    found: dict[tuple[str, str], float] = {}
    for client, service in whole.by_edge:
        alone = replace(
            mesh,
            workloads=tuple(
                replace(one, backends=(service,)) if one.name == client else one for one in mesh.workloads
            ),
        )
        seen = predict(alone, client, *failing).success
        if seen is not None and (seen < 1 or any(one.edge == (client, service) for one in failing)):
            found[client, service] = seen
    return found

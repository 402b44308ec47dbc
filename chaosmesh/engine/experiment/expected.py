"""What the policy predicts for an expectation, and how many requests its claims should take."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from chaosmesh.engine.experiment.evidence.calls import room_of
from chaosmesh.engine.experiment.fits import only_connections
from chaosmesh.engine.experiment.in_force import InForce
from chaosmesh.engine.experiment.luck import counted
from chaosmesh.engine.experiment.plan import Plan
from chaosmesh.engine.experiment.questions import Question
from chaosmesh.engine.experiment.written import limited
from chaosmesh.engine.predict import Prediction, predict
from chaosmesh.judge import Evidence, planned_for
from chaosmesh.mesh import Mesh

Edge = tuple[str, str]


def theory_of(mesh: Mesh, entry: str, contexts: Sequence[InForce]) -> Prediction | None:
    """What the policy predicts while these faults are in force; None where a fault has no closed form."""
    failing = [theory for one in contexts for theory in one.theory]
    if any(one is None for one in failing):
        return None
    return predict(mesh, entry, *(one for one in failing if one is not None))


def predictions(theory: Prediction | None, edges: Iterable[Edge]) -> dict[str, float]:
    """The prediction under the names that observations have."""
    found: dict[str, float] = {}
    if theory and theory.success is not None:
        found["success"] = theory.success
    if theory:
        found |= {f"attempts {'>'.join(one)}": theory.by_edge[one] for one in edges if one in theory.by_edge}
    return found


def announced(
    questions: Sequence[Question],
    mesh: Mesh,
    plan: Plan,
    contexts: Sequence[InForce],
    theory: Prediction | None,
    alpha: float,
) -> list[Question]:
    """The questions with what the policy allows, how outcomes are counted, and after how many requests each should be
    decided."""
    known = [counted(limited(one, mesh, plan.entry), mesh, plan, contexts) for one in questions]
    return [
        replace(one, planned=_planned(one, theory, alpha), connections=only_connections(mesh, one.paths))
        for one in known
    ]


def _planned(question: Question, theory: Prediction | None, alpha: float) -> int | None:
    """Requests after which the claim is decided if the prediction holds; None where nothing is predicted."""
    one = question.requirement
    if theory is None or theory.success is None or one.relative or one.side not in ("at_least", "at_most"):
        return None
    if one.measure == "attempts":
        high = room_of(question)
        mean = theory.by_edge.get(question.pairs[0], 1.0)
        often = round(1000 * (mean - 1) / (high - 1)) if high > 1 else 0
        expected = Evidence.counted({1.0: 1000 - often, high: often}, high=high)
    elif question.paths or one.measure not in ("success", "latency"):
        return None
    else:
        good = theory.success if one.measure == "success" else 1.0
        expected = Evidence.share(10_000, round(10_000 * good))
    return planned_for(one, expected, alpha)

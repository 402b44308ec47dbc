"""Whether a claim's outcomes count one by one or in blocks: said by the faults that are in force, before anything is
seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from chaosmesh.engine.experiment.in_force import InForce
from chaosmesh.engine.experiment.phases import faults_of
from chaosmesh.engine.experiment.plan import Plan
from chaosmesh.engine.experiment.questions import Question
from chaosmesh.judge import counting
from chaosmesh.mesh import Mesh


def counted(question: Question, mesh: Mesh, plan: Plan, contexts: Sequence[InForce]) -> Question:
    """The question with its way of counting: of the faults that are in force all the time, and of its phases."""
    one = question.requirement
    if one.is_moment or one.is_split or not one.is_share:
        return question
    phases = [phase for phase in plan.phases if one.during in (None, phase.name)]
    faults = [*contexts, *faults_of(phases)]
    doses = [(fault.kind, fault.size) for context in faults for fault in context.faults]
    times = [ejection_s(mesh, context) for context in faults]
    found = counting(doses, plan.rate, ejection_s=max((each for each in times if each), default=None))
    return replace(question, counting=found)


def ejection_s(mesh: Mesh, context: InForce) -> float | None:
    """Seconds from which on a host that failed by chance is left out, and how long it is."""
    known = {one.name for one in mesh.services}
    listeners = (
        listener
        for path in context.paths
        for name in (mesh.targets(path.service) if path.service in known else ())
        for listener in mesh.workload(name).listeners
    )
    return _longest(one.ejection.interval + one.ejection.base for one in listeners if one.ejection)


def _longest(times: Iterable[float]) -> float | None:
    return max(times, default=None)

"""Whether claims fit the load they are made about: known before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable

from chaosmesh.engine.experiment.fits import protocols
from chaosmesh.engine.experiment.phases import BASELINE
from chaosmesh.engine.experiment.plan import Plan
from chaosmesh.engine.experiment.questions import Question
from chaosmesh.errors import UsageError
from chaosmesh.mesh import Mesh


def checked(questions: Iterable[Question], plan: Plan) -> None:
    """UsageError for a claim about a request, a phase or a cohort that there is not."""
    phases = list(dict.fromkeys(one.name for one in plan.phases))
    for one in questions:
        requirement = one.requirement
        if requirement.of is not None and requirement.of not in plan.names:
            known = ", ".join(dict.fromkeys(plan.names))
            raise UsageError(
                f"{one}: no request of the load is called {requirement.of!r}", hint=f"known: {known}"
            )
        if requirement.during is not None and requirement.during not in phases:
            _no_phase(one, requirement.during, phases)
        if requirement.relative and requirement.relative.to == "control" and not plan.control:
            raise UsageError(
                f"{one}: the load has no control cohort", hint='mesh.load(control={"x-cohort": "control"}, …)'
            )
        if requirement.relative and requirement.relative.to == BASELINE and BASELINE not in phases:
            _no_phase(one, BASELINE, phases)


def speaking(questions: Iterable[Question], plan: Plan, mesh: Mesh) -> None:
    """UsageError for a claim about a grpc-status where no answer has one: it would hold whatever happens."""
    for one in questions:
        if one.requirement.measure != "grpc":
            continue
        spoken = {word for path in one.paths for word in protocols(mesh, path.service)}
        if spoken and spoken <= {"http", "tcp"}:
            raise UsageError(
                f"{one}: no gRPC is spoken there, so that no answer has a grpc-status",
                hint="status_503, success",
            )
        named = zip(plan.mix, plan.names, strict=True)
        kinds = {spec.protocol for spec, name in named if one.requirement.of in (None, name)}
        if not one.paths and "grpc" not in kinds:
            raise UsageError(
                f"{one}: the load sends no gRPC request, so that no answer has a grpc-status",
                hint='on=mesh.edge("client", "service"), or mesh.load(protocol="grpc", …)',
            )


def _no_phase(question: Question, name: str, phases: list[str]) -> None:
    hint = f"known: {', '.join(phases)}" if phases else f'load.through(phase("{name}", "3s", …), …)'
    raise UsageError(f"{question}: no phase is called {name!r}", hint=hint)

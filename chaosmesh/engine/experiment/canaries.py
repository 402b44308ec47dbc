"""A canary in a test's hands."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from chaosmesh.appmesh import Resources
from chaosmesh.appmesh.shift import shifted
from chaosmesh.documents.canary_part import Canary as Part
from chaosmesh.documents.explain import explain, meant
from chaosmesh.engine.canary import Canary, Plan, Shift, plan_of
from chaosmesh.engine.canary.plan import required, usual
from chaosmesh.engine.canary.traffic import Sending
from chaosmesh.engine.experiment.about import Session
from chaosmesh.engine.experiment.holding import Meant
from chaosmesh.engine.experiment.result import ERRORS, Claimed, Run
from chaosmesh.engine.experiment.wishes import wish_of
from chaosmesh.engine.inputs import policy
from chaosmesh.errors import UsageError
from chaosmesh.judge import Claim, Verdict
from chaosmesh.mesh import Mesh


class CanaryShift:
    """A shift that is planned; `run` makes it."""

    def __init__(self, session: Session, resources: Resources, plan: Plan) -> None:
        self._session = session
        self._resources = resources
        self.plan = plan
        self._meant = Meant(
            f"a canary of {plan.route.name} was planned, and never run", "mesh.canary(…).run(…)"
        )
        session.live.expects(self._meant)

    def run(self, **load: Any) -> Canary:
        """Shift under load (what `mesh.load` takes: rate, path, headers, mix, …), from nothing at the new version on.

        What came of it: `promoted`, or `taken_back`. One that stays undecided, or that nothing can be said of, is made
        once more; then it raises Inconclusive or Invalid. Afterwards the weights that it ended with are in force.
        """
        self._meant.done = True
        live, found = self._session.live, None
        for _ in range(2):
            found = live.call(self._run(load))
            if found.verdict.decided:
                return found
        assert found is not None
        raise ERRORS[found.verdict](self._session.runs[-1])

    async def _run(self, load: Mapping[str, Any]) -> Canary:
        session, live, plan = self._session, self._session.live, self.plan
        wish = wish_of(live.scenario, **load)
        resources = shifted(self._resources, plan.route, plan.to, 0)
        async with live.turn:
            begin = time.monotonic()
            await live.use(self._policy(resources))
            stack = live.stack
            sending = Sending.of(stack, wish, plan, session.seed, live.scenario.load.timeout)
            shift = Shift(stack, resources, self._policy, plan, session.alpha, session.say)
            found: Canary = await live.limited(shift.run(sending))
        session.runs.append(self._as_run(found, time.monotonic() - begin))
        return found

    def _policy(self, resources: Resources) -> Mesh:
        live = self._session.live
        return policy(resources, live.scenario, live.wanted.profile)

    def _as_run(self, found: Canary, seconds: float) -> Run:
        """For the table of the session: a canary that was decided is one whose outcome the test looks at."""
        live = self._session.live
        claims = tuple(
            Claimed(f"{step.weight} %: {one.name}", one) for step in found.steps for one in step.decisions
        )
        return Run(
            verdict=Verdict.PASS if found.verdict.decided else found.verdict,
            reason=found.reason,
            requests=found.exposed,
            claims=claims,
            observed={"weight": float(found.weight)},
            predicted={},
            faults=tuple(map(str, live.active)),
            ledger=live.stack.ledger,
            seconds=seconds,
            policy=f"canary of {self.plan.route.name} → {found.to}",
            unpredicted="a canary is judged against the stable version",
        )


def planned(
    session: Session,
    resources: Resources,
    mesh: Mesh,
    route: str,
    to: str,
    steps: Sequence[int],
    bake: str,
    hold: str,
    claims: Mapping[str, Claim],
) -> CanaryShift:
    """The shift of a route to a node; UsageError for what makes no sense."""
    try:
        part = Part.model_validate({"route": route, "to": to, "steps": steps, "bake": bake, "hold": hold})
    except ValidationError as error:
        told = [explain(one, Part) for one in meant(error.errors())]
        raise UsageError(
            f"canary: {'; '.join(message.removeprefix('spec: ') for message, _ in told)}",
            hint='steps=(10, 50, 100), bake="2s", hold="20s"',
        ) from None
    asked = required(claims) if claims else usual()
    return CanaryShift(session, resources, plan_of(resources, mesh, part, [asked] * len(part.steps)))

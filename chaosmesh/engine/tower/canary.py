"""The scenario's canary, step by step from the page: started, paused, taken back; judged like `chaosmesh canary`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Final, Literal

from chaosmesh.appmesh.resources import Resource
from chaosmesh.appmesh.shift import split_of, weights_of
from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine.canary.claims import said
from chaosmesh.engine.canary.deciding import Action, action_of, decisions_of
from chaosmesh.engine.canary.plan import Plan, Step, plan_of_scenario
from chaosmesh.engine.experiment.policy import most_attempts
from chaosmesh.engine.tower.rules import Rules
from chaosmesh.engine.tower.seen import Pair
from chaosmesh.engine.tower.state import CanaryState
from chaosmesh.engine.tower.story import Story
from chaosmesh.envoy import AccessRow
from chaosmesh.errors import ChaosMeshError, UsageError
from chaosmesh.judge import Decision, Verdict, alpha_for
from chaosmesh.ledger import Attempt, Call
from chaosmesh.mesh import Mesh

MOST_CALLS: Final = 20_000
"""Calls of one arm that are kept of a step: far more than any claim needs."""
LOOK_S: Final = 0.5

Do = Literal["start", "pause", "back"]
Stage = Literal["ready", "running", "paused", "done", "taken back", "held"]


class Canary:
    """`plan` None: the scenario has none."""

    def __init__(self, scenario: Scenario, rules: Rules, mesh: Callable[[], Mesh], story: Story) -> None:
        self._rules = rules
        self._mesh = mesh
        self._story = story
        self.plan: Plan | None = (
            plan_of_scenario(scenario, rules.resources, mesh()) if scenario.canary else None
        )
        self._stage: Stage = "ready"
        self._reason = ""
        self._before: Mapping[str, int] | None = None
        self._step = 0
        self._task: asyncio.Task[None] | None = None
        self._putting = asyncio.Lock()
        self._new: list[Call] = []
        self._stable: list[Call] = []
        self._stood: list[Call] = []  # of the step before: nobody is left to compare with at 100 %
        self._since_ns = 0

    def state(self) -> CanaryState | None:
        """For the page."""
        plan = self.plan
        if plan is None:
            return None
        return CanaryState(
            plan.route.id,
            plan.to,
            [one.weight for one in plan.steps],
            self._at(plan),
            self._stage,
            self._reason,
        )

    async def do(self, what: Do) -> None:
        """Start (or go on), pause where it is, or bring the weights of before back."""
        plan = self._planned()
        if what == "start":
            self._start(plan)
        elif what == "pause":
            await self.pause("paused by hand")
        else:
            await self.pause("")
            await self._retreat(plan, "taken back by hand")

    async def pause(self, why: str) -> None:
        """The weights stay as they are; harmless when nothing runs."""
        task, self._task = self._task, None
        if task is None or task.done():
            return
        async with self._putting:  # weights that are on their way to the sidecars arrive
            if task.done():
                return
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self._stage, self._reason = "paused", why
        self._story.add("policy", f"canary: paused at {self._at(self._planned())} %")

    def saw_call(self, pair: Pair, row: AccessRow, attempts: int) -> None:
        """A call has ended."""
        plan = self.plan
        if plan is None or self._stage != "running" or row.start_ns < self._since_ns:
            return
        if pair[1] not in plan.services or row.route != plan.route.name:
            return
        name = self._mesh().name
        arm = next(
            (one for one in (plan.to, *plan.stable) if row.cluster.startswith(f"cds_egress_{name}_{one}_")),
            "",
        )
        into = self._new if arm == plan.to else self._stable
        if arm and len(into) < MOST_CALLS:
            into.append(_call(pair, row, attempts))

    def _start(self, plan: Plan) -> None:
        if self._task is not None and not self._task.done():
            raise UsageError("the canary is running", hint="pause it, or take it back")
        if self._before is None or self._stage in ("done", "taken back"):
            self._before, self._step, self._stable, self._stood = self._weights(plan), 0, [], []
        self._stage, self._reason = "running", ""
        self._task = asyncio.create_task(self._run(plan))

    async def _run(self, plan: Plan) -> None:
        try:
            while self._step < len(plan.steps):
                action = await self._watch(plan, plan.steps[self._step])
                if action == "back" and plan.back:
                    await self._retreat(plan, self._reason)
                    return
                if action != "on":
                    self._stage = "held"
                    self._story.add("policy", f"canary: held at {self._at(plan)} %: {self._reason}")
                    return
                self._step += 1
            self._stage = "done"
            self._story.add("policy", f"canary: done, {plan.to} has {self._at(plan)} %")
        except ChaosMeshError as error:
            self._stage, self._reason = "held", error.message
            self._story.add("note", f"canary: {error.message}")

    async def _watch(self, plan: Plan, step: Step) -> Action:
        await self._put(plan, split_of(self._route(plan), plan.to, step.weight))
        self._story.add("policy", f"canary: {step.weight} % of {plan.route.name} go to {plan.to}")
        self._stood = self._stable or self._stood
        self._new, self._stable, self._since_ns = [], [], time.time_ns()
        begin = time.monotonic()
        while True:
            await asyncio.sleep(
                LOOK_S
            )  # a look at what has come in since; there is nothing to wait for but time
            decisions = self._decisions(plan, step)
            passed = time.monotonic() - begin
            action = action_of(
                decisions, baked=passed >= step.bake, waited=passed >= max(step.bake, plan.hold)
            )
            self._reason = said("; ".join(one.reason for one in decisions if _open(one, action)))
            if action != "watch":
                return action

    def _decisions(self, plan: Plan, step: Step) -> list[Decision]:
        most = max(most_attempts(self._mesh(), one) for one in plan.services)
        return decisions_of(step, self._new, self._stable or self._stood, most, alpha_for(plan.claims))

    async def _retreat(self, plan: Plan, why: str) -> None:
        if self._before is None:
            raise UsageError("the canary has not been started", hint="there is nothing to take back")
        await self._put(plan, self._before)
        self._stage, self._reason, self._step = "taken back", why, 0
        self._story.add("policy", f"canary: taken back ({why})")

    async def _put(self, plan: Plan, weights: Mapping[str, int]) -> None:
        async with self._putting:
            await self._rules.route(plan.route.id, None, weights=weights)

    def _route(self, plan: Plan) -> Resource:
        found = next((one for one in self._rules.resources.routes.values() if one.id == plan.route.id), None)
        if found is None:
            raise UsageError(f"{plan.route.id} is gone", hint="the canary shifts its weights")
        return found

    def _weights(self, plan: Plan) -> Mapping[str, int]:
        return weights_of(self._route(plan))

    def _at(self, plan: Plan) -> int:
        try:
            weights = self._weights(plan)
        except UsageError:
            return 0
        return round(100 * weights.get(plan.to, 0) / (sum(weights.values()) or 1))

    def _planned(self) -> Plan:
        if self.plan is None:
            raise UsageError("the scenario has no canary", hint="add canary: {route: ROUTER/ROUTE, to: NODE}")
        return self.plan


def _open(decision: Decision, action: Action) -> bool:
    wanted = {"back": Verdict.FAIL, "on": Verdict.PASS}.get(action)
    return decision.verdict is wanted if wanted else decision.verdict is not Verdict.PASS


def _call(pair: Pair, row: AccessRow, attempts: int) -> Call:
    one = Attempt(1, "", None, row.start_ns, row.duration_ms, row.status)
    return Call(
        client=pair[0],
        service=pair[1],
        id=row.call,
        request_id=row.request_id,
        stream=None,
        lineage=row.lineage,
        start_ns=row.start_ns,
        duration_ms=row.duration_ms,
        status=row.status,
        flags=row.flags,
        details=row.details,
        route=row.route,
        route_hash=row.route_hash,
        attempts=(one,) * attempts,
        grpc_status=row.grpc_status,
    )

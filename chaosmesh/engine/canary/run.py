"""A canary from documents and scenario alone: the mesh is started, the shift is made, everything is stopped."""

from __future__ import annotations

from chaosmesh.appmesh import Resources
from chaosmesh.appmesh.shift import shifted
from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine.canary.plan import Plan, plan_of_scenario
from chaosmesh.engine.canary.result import Canary
from chaosmesh.engine.canary.shift import Say, Shift
from chaosmesh.engine.canary.traffic import Sending
from chaosmesh.engine.experiment.wishes import wish_of
from chaosmesh.engine.folder import EVENTS, RunFolder
from chaosmesh.engine.inputs import policy
from chaosmesh.engine.programs import own_programs, with_copies
from chaosmesh.engine.rendering import rendering
from chaosmesh.engine.stack import Stack
from chaosmesh.engine.summary import write_summary
from chaosmesh.engine.surroundings import keep_surroundings
from chaosmesh.engine.tower.story import Story
from chaosmesh.judge import RUN_ALPHA
from chaosmesh.runtime.kinds import Kind


class CanaryRun:
    """One canary, prepared: wrong input shows up here, before anything is started."""

    def __init__(
        self,
        resources: Resources,
        scenario: Scenario,
        profile: str,
        seed: int | None,
        runtime: Kind = "process",
    ) -> None:
        self._scenario = scenario
        self._runtime: Kind = runtime
        self._profile = profile
        self.seed = scenario.seed if seed is None else seed
        self.plan: Plan = plan_of_scenario(scenario, resources, policy(resources, scenario, profile))
        self._resources = shifted(resources, self.plan.route, self.plan.to, 0)
        self.mesh = policy(self._resources, scenario, profile)
        self.own = own_programs(resources, self.mesh, scenario, runtime)
        self._scenario = with_copies(scenario, self.own.copies)
        self.alpha = RUN_ALPHA / self.plan.claims
        self._wish = wish_of(scenario)

    @property
    def name(self) -> str:
        """Name of the run's folder."""
        return f"{self._scenario.name or self.mesh.name}-canary"

    async def run(self, folder: RunFolder, say: Say) -> Canary:
        """Start the mesh with nothing at the new version, shift, stop; the run folder holds what was found."""
        story = Story(folder.path / EVENTS)

        def tell(text: str) -> None:
            story.add("note", text.strip())
            say(text)

        try:
            return await self._run(folder, tell)
        finally:
            story.close()

    async def _run(self, folder: RunFolder, say: Say) -> Canary:
        folder.write_json("config/envoy.json", rendering(self.mesh, self._scenario, "127.16"))
        for text in self.own.notes:
            say(text)
        stack = Stack(self.mesh, self._scenario, folder, say=say, kind=self._runtime, own=self.own.programs)
        async with stack:
            found: Canary = await stack.keeper.guarded(self._shift(stack, say))
            await stack.keep_ledger()
            await keep_surroundings(stack, self._resources, self._scenario, folder)
        about = {"mesh": self.mesh.name, "profile": self._profile, "seed": self.seed, "alpha": self.alpha}
        folder.write_json("run.json", {**found.as_json(), **about})
        write_summary(folder.path)
        return found

    async def _shift(self, stack: Stack, say: Say) -> Canary:
        sending = Sending.of(stack, self._wish, self.plan, self.seed, self._scenario.load.timeout)
        shift = Shift(
            stack,
            self._resources,
            lambda resources: policy(resources, self._scenario, self._profile),
            self.plan,
            self.alpha,
            say,
        )
        return await shift.run(sending)

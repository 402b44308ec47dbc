"""The main job: does every rule take effect, and what do users feel when something breaks?"""

from __future__ import annotations

import asyncio
import datetime
import time
from collections.abc import Sequence
from dataclasses import replace

from chaosmesh.appmesh import Resources
from chaosmesh.checks import Check, Plan, Skipped, plan
from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine import matrix
from chaosmesh.engine.accounts import conserved
from chaosmesh.engine.cells import Conditions, Traffic, estimate, try_cell
from chaosmesh.engine.cost import ms_per_hop, sidecar_mb
from chaosmesh.engine.events import (
    CellFinished,
    CheckFinished,
    Listener,
    Note,
    PhaseStarted,
    RunStarted,
)
from chaosmesh.engine.findings import find
from chaosmesh.engine.folder import RunFolder, digests
from chaosmesh.engine.goal import Goal
from chaosmesh.engine.ignored import notes
from chaosmesh.engine.inputs import policy
from chaosmesh.engine.kept import keep_documents
from chaosmesh.engine.limits import rate_of
from chaosmesh.engine.matrix import Cell, Waivers, chosen
from chaosmesh.engine.options import Options
from chaosmesh.engine.outlook import AROUND_S, checks_take, in_turn
from chaosmesh.engine.programs import own_programs, with_copies
from chaosmesh.engine.rendering import layout_of, rendering
from chaosmesh.engine.results import Bounds, CellResult, CheckResult, Finding, NotChecked, VerifyResult
from chaosmesh.engine.retelling import Retelling
from chaosmesh.engine.stack import Stack
from chaosmesh.engine.surroundings import keep_surroundings
from chaosmesh.engine.traffic import mix_of
from chaosmesh.engine.trying import Trial, failed
from chaosmesh.engine.untold import tellable
from chaosmesh.envoy import binary_version
from chaosmesh.errors import LimitExceededError, UsageError
from chaosmesh.judge import RUN_ALPHA, alpha_for
from chaosmesh.ledger import Conservation
from chaosmesh.mesh import Mesh

DEFAULT_RATE = 250.0
QUICK_S = 13.0
CELL_S = 30.0


class Verification:
    """One verification, prepared: wrong input shows up here, before anything is started."""

    def __init__(self, resources: Resources, scenario: Scenario, options: Options) -> None:
        self.resources = resources
        self.scenario = scenario
        self.options = options
        self.mesh: Mesh = policy(resources, scenario, options.profile)
        self.own = own_programs(resources, self.mesh, scenario, options.runtime)
        self.scenario = scenario = with_copies(scenario, self.own.copies)
        self.waivers = Waivers(scenario, self.mesh, datetime.datetime.now(datetime.UTC).date())
        self.goal = Goal.of(scenario)
        self.rate = rate_of(scenario, DEFAULT_RATE)
        self.cells: list[Cell] = matrix.cells(self.mesh, options.only, self._replicas())
        draft = self._plan(alpha_for(1))
        splits = sum(any(probe.split for probe in one.probes) for one in draft.checks)
        self.claims = splits + 2 * len(self.cells)
        self.alpha = alpha_for(self.claims + options.beside)
        self.plan = self._plan(self.alpha)
        if options.only and not self.plan.checks and not self.cells:
            raise UsageError(
                f"--only {' '.join(options.only)} chooses nothing",
                hint="`chaosmesh verify … --list` names every check",
            )
        self.seed = scenario.seed if options.seed is None else options.seed
        self._deadline: float | None = None
        self._left_out: list[NotChecked] = [
            NotChecked(matrix.cell_id(*one), "needs two replicas of a node behind the service")
            for one in matrix.alone(self.mesh, options.only, self._replicas())
        ]
        self.out_of_time: list[str] = []
        self._checked: dict[str, CheckResult] = {}
        self._celled: list[CellResult] = []
        self._findings: list[Finding] = []

    @property
    def name(self) -> str:
        """Name of the run's folder."""
        return self.scenario.name or self.mesh.name

    def _replicas(self) -> dict[str, int]:
        if not self.mesh.workloads:
            return {}
        topology = layout_of(self.mesh, self.scenario, "plan", "127.16")
        return {one.name: len(topology.replicas_of(one.name)) for one in self.mesh.workloads}

    def _plan(self, alpha: float) -> Plan:
        whole = plan(
            self.resources,
            profile=self.options.profile,
            alpha=alpha,
            quick=self.options.quick,
            replicas=self._replicas(),
            scenario=self.scenario,
        )
        whole = tellable(self._allowed(whole), self.own.programs, self.mesh)
        if not self.options.only:
            return whole
        checks = tuple(one for one in whole.checks if chosen(one.id, self.options.only))
        skipped = tuple(one for one in whole.skipped if chosen(one.id, self.options.only))
        return Plan(checks, skipped, whole.clauses)

    def _allowed(self, whole: Plan) -> Plan:
        """Without the checks that would send more requests a second than the scenario allows."""
        limit = self.scenario.limits.rate
        if limit is None:
            return whole
        fast = {one.id: rate for one in whole.checks if (rate := max(p.rate for p in one.probes)) > limit}
        why = "sends {:g} requests a second, limits.rate is {:g}"
        left = tuple(Skipped(name, why.format(rate, limit)) for name, rate in fast.items())
        kept = tuple(one for one in whole.checks if one.id not in fast)
        return Plan(kept, (*whole.skipped, *left), whole.clauses)

    def listing(self) -> list[str]:
        """Ids of every check and cell, and what is left out with its reason."""
        return [
            *(f"{one.id}  {one.statement}" for one in self.plan.checks),
            *(f"{matrix.cell_id(*cell)}  {cell[1].dose.label}" for cell in self.cells),
            *(f"{one.id}  not checked: {one.reason}" for one in self.plan.skipped),
            *(f"{one.id}  not checked: {one.reason}" for one in self._left_out),
        ]

    def keep_documents(self, folder: RunFolder) -> None:
        """Copy the documents and the scenario file into the run folder, beside the rendered configuration."""
        keep_documents(folder, self.resources, self.scenario)
        folder.write_json("config/envoy.json", rendering(self.mesh, self.scenario, "127.16"))

    async def run(self, folder: RunFolder, emit: Listener) -> VerifyResult:
        """Start the mesh, try everything, stop it."""
        begin = time.monotonic()
        budget = self.options.budget_s or (QUICK_S if self.options.quick else None)
        if budget is not None:
            self._deadline = begin + budget
        options = self.options
        stack = Stack(
            self.mesh,
            self.scenario,
            folder,
            workers=options.workers,
            workers_bind=options.workers_bind,
            say=lambda text: emit(Note(text)),
            kind=options.runtime,
            own=self.own.programs,
            traces=options.traces,
        )
        emit(PhaseStarted("start", 0))
        async with stack:
            emit(self._started(stack, folder, budget or self._outlook(stack, emit)))
            for text in (*self._notes(), *filter(None, [stack.secrets.note(self.mesh)])):
                emit(Note(text))
            emit(PhaseStarted("checks", len(self.plan.checks)))
            result: VerifyResult = await stack.keeper.guarded(self._limited(stack, emit, begin))
            await stack.keep_ledger()
            await keep_surroundings(stack, self.resources, self.scenario, folder)
            emit(PhaseStarted("stop", 0))
        for text in stack.traces.notes():
            emit(Note(text))
        return replace(result, files=digests(folder.path))

    def _outlook(self, stack: Stack, emit: Listener) -> float:
        given = self._conditions(emit)
        cells = sum(estimate(stack, edge, column, given) for edge, column in self.cells)
        return AROUND_S + checks_take(in_turn(self.plan.checks)) + cells

    def _started(self, stack: Stack, folder: RunFolder, seconds: float) -> RunStarted:
        return RunStarted(
            mesh=self.name,
            profile=self.options.profile,
            seed=self.seed,
            sidecars=len(stack.topology.replicas),
            envoy=binary_version(),
            folder=str(folder.path),
            goal=str(self.goal),
            budget_s=seconds,
        )

    def _notes(self) -> list[str]:
        """What the user wrote and this version does not act on, and what runs in the place of programs."""
        return [*notes(self.scenario, self.rate), *self.own.notes]

    async def _limited(self, stack: Stack, emit: Listener, begin: float) -> VerifyResult:
        """What was found until the end, or until a limit of the scenario stopped it."""
        idle_mb = sidecar_mb(stack)
        stopped = ""
        try:
            await stack.limits.over(self._tried(stack, emit))
        except LimitExceededError as error:
            stopped = str(error)
            emit(Note(stopped))
        return await self._result(stack, begin, idle_mb, stopped)

    async def _tried(self, stack: Stack, emit: Listener) -> None:
        checks = await self._checks(stack, emit)
        stop = self.options.fail_fast and any(map(failed, checks))
        if self.cells and not stop:
            emit(PhaseStarted("matrix", len(self.cells), f"goal: {self.goal}"))
            await self._cells(stack, emit)
            given = self._conditions(emit)
            self._findings = await find(stack, self._celled, self.cells, given, cure=self.options.cure)

    async def _result(self, stack: Stack, begin: float, idle_mb: float | None, stopped: str) -> VerifyResult:
        checks = [self._checked[one.id] for one in self.plan.checks if one.id in self._checked]
        books = Conservation({}, {}, 0, ()) if stopped else await conserved(stack)
        return VerifyResult(
            mesh=self.name,
            runtime=self.options.runtime,
            profile=self.options.profile,
            seed=self.seed,
            alpha=self.alpha * max(1, self.claims) if self.options.beside else RUN_ALPHA,
            duration_s=time.monotonic() - begin,
            checks=tuple(checks),
            matrix=tuple(self._celled),
            not_checked=(*(NotChecked(one.id, one.reason) for one in self.plan.skipped), *self._left_out),
            coverage=self._coverage(checks),
            cost={"ms_per_hop": ms_per_hop(stack), "sidecar_mb": idle_mb},
            findings=tuple(self._findings),
            gated=self.goal.declared or self.options.strict,
            expired=tuple(self.waivers.expired),
            goal=str(self.goal),
            sidecars=len(stack.topology.replicas),
            envoy=binary_version(),
            attempts=sum(books.counters.values()),
            unaccounted=books.differences,
            tolerant=self.options.tolerant,
            stopped=stopped,
            bounds=Bounds(self.goal.success, self.goal.p99_s, self.alpha, self.goal.declared),
        )

    async def _checks(self, stack: Stack, emit: Listener) -> list[CheckResult]:
        trial = Trial(stack, self.scenario.limits.rate)
        results = self._checked

        async def one(check: Check) -> None:
            result = await trial.try_(check)
            results[check.id] = result
            emit(CheckFinished(result))
            if self.options.fail_fast and failed(result):
                raise _Enough

        try:
            async with asyncio.TaskGroup() as group:
                for check in in_turn(self.plan.checks):
                    group.create_task(one(check))
        except* _Enough:
            emit(Note("--fail-fast: a check failed, the rest is left out"))
        return [results[check.id] for check in self.plan.checks if check.id in results]

    async def _cells(self, stack: Stack, emit: Listener) -> None:
        told = Retelling(mixed=bool(self._conditions(emit).traffic.mix))
        for edge, column in self.cells:
            given = self._conditions(emit)
            if self._deadline is not None and told.again(stack, edge, column) is None:
                needed = estimate(stack, edge, column, given)
                if time.monotonic() + needed > self._deadline:
                    reason = f"takes about {needed:.0f} s, more than is left of the run's time"
                    self._left_out.append(NotChecked(matrix.cell_id(edge, column), reason))
                    self.out_of_time.append(matrix.cell_id(edge, column))
                    continue
            tried = told.again(stack, edge, column) or await try_cell(stack, edge, column, given)
            told.note(stack, edge, column, tried)
            result = self.waivers.apply(tried)
            self._celled.append(result)
            emit(CellFinished(result))
            if self.options.fail_fast and result.verdict == "weak":
                emit(Note("--fail-fast: an edge is weak, the rest is left out"))
                break

    def _conditions(self, emit: Listener) -> Conditions:
        load = self.scenario.load
        mix = tuple(one for one in mix_of(self.scenario) if one.protocol in ("http", "http2"))
        traffic = Traffic(mix, self.rate, load.arrivals, self.seed)
        return Conditions(self.goal, traffic, emit, CELL_S, self.alpha)

    def _coverage(self, checks: Sequence[CheckResult]) -> dict[str, int]:
        return {
            "clauses": self.plan.clauses,
            "exercised": sum(c.n > 0 for c in checks),
            "asserted": sum(c.verdict.decided for c in checks),
        }


class _Enough(Exception):  # noqa: N818 - ends a task group, never shown
    pass

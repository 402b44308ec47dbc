"""A gate, planned: every part read and checked. Wrong input shows up here, before anything is started."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from chaosmesh.documents.gate_part import Gate, GateVerify
from chaosmesh.documents.scenario import Scenario
from chaosmesh.documents.slo_part import Slo
from chaosmesh.documents.source import SCENARIO_NAME
from chaosmesh.engine.experiment.inputs import Wanted
from chaosmesh.engine.experiment.scheduled import act_of
from chaosmesh.engine.gate.asking import Asking, Question, label, on_every_edge
from chaosmesh.engine.gate.draft import Draft
from chaosmesh.engine.gate.experiments import Choices, Experiments
from chaosmesh.engine.gate.part import Part, Shares
from chaosmesh.engine.gate.verifying import Subject, Verifying, Watch
from chaosmesh.engine.goal import Goal
from chaosmesh.engine.inputs import policy, read
from chaosmesh.engine.options import Options
from chaosmesh.engine.programs import own_programs, with_copies
from chaosmesh.engine.rendering import layout_of
from chaosmesh.errors import ChaosMeshError, DocumentError, Problem, UsageError
from chaosmesh.judge import Claim, at_least, at_most
from chaosmesh.mesh import Mesh


@dataclass(frozen=True, slots=True)
class Planned:
    """What a gate will run, in this order. `mesh`: the policy of its own scenario."""

    name: str
    parts: tuple[Part, ...]
    gate: Gate
    mesh: Mesh

    @property
    def shares(self) -> Shares:
        """The error budget, dealt out."""
        return Shares(sum(one.claims for one in self.parts))

    def lines(self) -> list[str]:
        """What is said before anything runs."""
        each = self.shares.each
        wide = max(len(one.name) for one in self.parts)
        rows = [
            f"  {one.name:<{wide}}  {one.kind}, {_claims(one)}: {100 * each * one.claims:.3g} % of the error budget"
            for one in self.parts
        ]
        budget = "" if self.gate.budget is None else f", at most {self.gate.budget:g} s in all"
        several = f"{len(self.parts)} parts one after another" if len(self.parts) > 1 else "1 part"
        head = f"gate {self.name}: {several}{budget}"
        return [
            head,
            *rows,
            f"  all verdicts together are wrong in at most 1 of 100 gates ({each:.2g} a claim)",
        ]


def _claims(part: Part) -> str:
    word = "room for " if isinstance(part, Experiments) else ""
    return f"{word}{part.claims} claim{'s' * (part.claims != 1)}"


def plan_of(subject: Subject, options: Options, wanted: Wanted, watch: Watch) -> Planned:
    """The plan of a scenario's `gate:`; DocumentError or UsageError with the place of whatever is wrong with it.
    `wanted`: the same mesh as experiments name it."""
    scenario = subject.scenario
    gate = scenario.gate
    if gate is None:
        raise UsageError(
            f"{scenario.place().file} has no gate",
            hint="add what shall hold every night, for example gate: {verify: true}",
        )
    if gate.empty:
        raise UsageError(
            "the gate names nothing to run",
            where=scenario.place("gate"),
            hint="verify: true, experiments: [PATH], scenarios: [FOLDER], slo: {…} or faults: [{…}]",
        )
    seed = scenario.seed if options.seed is None else options.seed
    mesh = policy(subject.resources, scenario, options.profile)
    parts = list[Part]()
    if gate.verify is not None:
        parts.append(
            _placed(
                subject,
                "verify",
                lambda: Verifying("verify", subject, gate.verify or GateVerify(), options, watch),
            )
        )
    if gate.experiments:
        choices = Choices(seed, options.profile, options.runtime)
        parts.append(Experiments(_paths(scenario, gate), gate.claims, choices))
    parts += _scenarios(scenario, gate, options, watch)
    own = own_programs(subject.resources, mesh, scenario, options.runtime)
    parts += _asked(with_copies(scenario, own.copies), gate, mesh, wanted, seed)
    return Planned(f"{scenario.name or mesh.name}-gate", tuple(parts), gate, mesh)


def _placed(subject: Subject, key: str, make: Callable[[], Part]) -> Part:
    """An error about a choice of the gate has the choice's place."""
    try:
        return make()
    except UsageError as error:
        if error.where is not None:
            raise
        where = subject.scenario.place("gate", key, "only")
        raise UsageError(error.message, where=where, hint=error.hint) from None


def _paths(scenario: Scenario, gate: Gate) -> list[Path]:
    problems = [
        Problem(
            scenario.place("gate", "experiments", number),
            f"there is no {one}",
            f"paths start from {scenario.base}",
        )
        for number, one in enumerate(gate.experiments)
        if not (scenario.base / one.partition("::")[0]).exists()
    ]
    if problems:
        raise DocumentError(problems)
    return [scenario.base / one for one in gate.experiments]


def _scenarios(scenario: Scenario, gate: Gate, options: Options, watch: Watch) -> Iterator[Part]:
    problems = list[Problem]()
    for number, one in enumerate(gate.scenarios):
        folder, where = scenario.base / one, scenario.place("gate", "scenarios", number)
        if not (folder / SCENARIO_NAME).is_file():
            problems.append(
                Problem(where, f"{one} holds no {SCENARIO_NAME}", f"folders start from {scenario.base}")
            )
            continue
        try:
            resources, other = read([folder])
            choice = (other.gate and other.gate.verify) or GateVerify()
            yield Verifying("scenario", Subject(resources, other), choice, options, watch)
        except DocumentError as error:
            problems += error.problems
        except ChaosMeshError as error:
            problems.append(Problem(error.where or where, f"{one}: {error.message}", error.hint))
    if problems:
        raise DocumentError(problems)


def _asked(scenario: Scenario, gate: Gate, mesh: Mesh, wanted: Wanted, seed: int) -> Iterator[Part]:
    goal = Goal.of(scenario.model_copy(update={"slo": gate.slo}) if gate.slo else scenario)
    claims: dict[str, Claim] = {
        "success": at_least(goal.success),
        "p99": at_most(f"{goal.p99_s * 1000:g}ms"),
    }
    if gate.slo is not None:
        entries = layout_of(mesh, scenario, "gate", "127.16").entries
        where = scenario.place("gate", "slo")
        questions = [Question(f"users at {one}", where, claims, one) for one in entries]
        yield Asking("slo", wanted, questions, seed, gate.duration)
    if gate.faults:
        draft = Draft(mesh, scenario, wanted.runtime)
        broken = list(_broken(scenario, gate, draft, claims, gate.slo or scenario.slo))
        yield Asking("faults", wanted, broken, seed, gate.duration)


def _broken(
    scenario: Scenario, gate: Gate, draft: Draft, claims: dict[str, Claim], slo: Slo | None
) -> Iterator[Question]:
    problems = list[Problem]()
    for number, part in enumerate(gate.faults):
        where = scenario.place("gate", "faults", number)
        for one in on_every_edge(part, draft.stack.mesh.edges()):
            try:
                act_of(draft, one)
            except UsageError as error:
                problems.append(Problem(where, error.message, error.hint))
                continue
            more = (
                {}
                if slo is None or not slo.amplification or not one.edge
                else {"attempts": at_most(slo.amplification)}
            )
            yield Question(label(one), where, {**claims, **more}, fault=one)
    if problems:
        raise DocumentError(list(dict.fromkeys(problems)))


def parts_named(parts: Sequence[Part]) -> list[str]:
    """A folder for each part, by kind and number: two scenarios may have one name."""
    return [f"{number}-{one.kind}" for number, one in enumerate(parts, start=1)]

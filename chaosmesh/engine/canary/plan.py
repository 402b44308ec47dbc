"""A canary, planned: which route, which steps, and what must hold at each. Wrong input shows up here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from chaosmesh.appmesh import Resources
from chaosmesh.appmesh.resources import Resource
from chaosmesh.appmesh.shift import route_named, split_of
from chaosmesh.documents.canary_part import DEFAULT_CLAIMS
from chaosmesh.documents.canary_part import Canary as Part
from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine.canary.claims import claim_of
from chaosmesh.errors import DocumentError, Problem, UsageError, Where
from chaosmesh.judge import Claim, Requirement, requirement
from chaosmesh.mesh import Mesh

Place = Callable[..., Where]

MEASURES = ("success", "latency", "status", "grpc", "attempts")
"""What can be counted call by call, on each of two arms."""

GRACE = 30.0
"""Seconds after a step's time in which its last answers must have come."""


@dataclass(frozen=True, slots=True)
class Step:
    """`weight` per cent of the route's traffic at the new version, watched for at least `bake` seconds."""

    weight: int
    bake: float
    requirements: tuple[Requirement, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A shift of `route` to the node `to`, whose other targets are `stable`; `services` are called over the route.

    `hold`: seconds for which an undecided step is watched at most. `back`: whether a broken claim takes the shift
    back.
    """

    route: Resource
    to: str
    stable: tuple[str, ...]
    services: tuple[str, ...]
    steps: tuple[Step, ...]
    hold: float
    back: bool = True

    @property
    def claims(self) -> int:
        """Decisions that the whole plan needs: each may err."""
        return sum(len(one.requirements) for one in self.steps)

    def patience(self, step: Step) -> float:
        """Seconds after which a verdict on a step must be there."""
        return max(step.bake, self.hold) + GRACE

    @property
    def longest(self) -> float:
        """Seconds that all steps may take together."""
        return sum(map(self.patience, self.steps))


def plan_of_scenario(scenario: Scenario, resources: Resources, mesh: Mesh) -> Plan:
    """The plan in a scenario's `canary:`; DocumentError with the place of whatever is wrong with it."""
    part = scenario.canary
    if part is None:
        file = scenario.place().file
        raise UsageError(f"{file} has no canary", hint="add canary: {route: ROUTER/ROUTE, to: NODE}")
    problems: list[Problem] = []
    parts = [part.claims if one.claims is None else one.claims for one in part.steps]
    paths: list[tuple[str | int, ...]] = [
        ("canary", "claims") if one.claims is None else ("canary", "steps", number, "claims")
        for number, one in enumerate(part.steps)
    ]
    asked = [
        tuple(_requirements(texts, lambda *path, base=path: scenario.place(*base, *path), problems))
        for texts, path in zip(parts, paths, strict=True)
    ]
    try:
        plan = plan_of(resources, mesh, part, asked)
    except UsageError as error:
        problems.append(Problem(scenario.place("canary", "route"), error.message, error.hint))
    if problems:
        raise DocumentError(list(dict.fromkeys(problems)))
    return plan


def plan_of(resources: Resources, mesh: Mesh, part: Part, asked: Sequence[tuple[Requirement, ...]]) -> Plan:
    """A plan whose step n has the requirements `asked[n]`; UsageError where the route or its targets don't fit."""
    route = route_named(resources, part.route)
    weights = split_of(route, part.to, part.steps[0].weight)
    services = tuple(one.name for one in mesh.services if any(route.id == other.id for other in one.routes))
    if not services:
        raise UsageError(f"{route.id}: no virtual service leads there: it gets no traffic")
    steps = tuple(
        Step(one.weight, part.bake if one.bake is None else one.bake, requirements)
        for one, requirements in zip(part.steps, asked, strict=True)
    )
    stable = tuple(name for name in weights if name != part.to)
    return Plan(route, part.to, stable, services, steps, part.hold, part.back == "automatic")


def required(claims: Mapping[str, Claim]) -> tuple[Requirement, ...]:
    """The questions behind claims on the new version; UsageError for what is not counted call by call."""
    found = tuple(requirement(name, claim) for name, claim in claims.items())
    for one in found:
        if one.measure not in MEASURES:
            raise UsageError(
                f"a canary does not claim {one.name}",
                hint="success, p99 (any quantile), status_503, attempts",
            )
        if one.relative is not None and one.relative.to == "baseline":
            raise UsageError(f"{one.name}: a canary has no baseline", hint="compare with the stable version")
    return found


def usual() -> tuple[Requirement, ...]:
    """The questions where nobody asked any."""
    return required({name: claim_of(text) for name, text in DEFAULT_CLAIMS.items()})


def _requirements(texts: Mapping[str, str], place: Place, problems: list[Problem]) -> Iterator[Requirement]:
    for name, text in texts.items():
        try:
            yield from required({name: claim_of(text)})
        except UsageError as error:
            problems.append(Problem(place(name), error.message, error.hint))

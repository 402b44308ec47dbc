"""Schedules: what is in force while one stream of load goes on, phase after phase.

``load.through(phase("baseline", "2s"), phase("fault", "3s", edge.errors(503)), phase("recovery", "4s"))``
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from chaosmesh.engine.experiment.in_force import InForce
from chaosmesh.errors import UsageError
from chaosmesh.judge.durations import duration

BASELINE = "baseline"
"""The phase that relative bounds are about."""


@runtime_checkable
class Act(Protocol):
    """Something that can be put in force and taken off again, on the mesh's own loop."""

    async def apply(self) -> None:
        """When this returns, it is in force."""

    async def heal(self) -> None:
        """When this returns, it is not; harmless when it wasn't."""


@runtime_checkable
class Actable(Protocol):
    """Something that stands for an act: a mesh under another policy."""

    def act(self) -> Act:
        """The act."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of a schedule: its name, its length in seconds, what is in force in it."""

    name: str
    seconds: float
    acts: tuple[Act, ...] = ()


def phase(name: str, length: str, *acts: Act | Actable) -> Phase:
    """A phase of `length` ("2s"), counted from the moment when everything in it is in force.

    `acts` are faults (several are in force at once), or a mesh under another policy (`mesh.without(…)`). Claims say
    `during=name`; the same name may come more than once. One that goes on into the next phase is named there too.
    """
    if not name or not isinstance(name, str):
        raise UsageError(f"phase({name!r}): a phase has a name", hint='phase("fault", "3s", edge.down())')
    seconds = duration(length, f"phase {name}")
    if not seconds > 0:
        raise UsageError(f"phase {name}: it lasts longer than nothing (got {length!r})")
    return Phase(name, seconds, tuple(_act(name, one) for one in acts))


def ramp(
    make: Callable[[float], Act | Actable],
    start: float,
    to: float,
    *,
    steps: int,
    over: str,
    name: str = "ramp",
) -> tuple[Phase, ...]:
    """Phases of equal length, together `over`, with what `make` gives for evenly spaced values from `start` to `to`.

    ``ramp(lambda ms: edge.latency(f"{ms}ms"), 50, 500, steps=10, over="10s")``; the phases are called "ramp 50",
    "ramp 100", …
    """
    if not isinstance(steps, int) or steps < 2:
        raise UsageError(f"ramp: at least 2 steps (got {steps!r})", hint="one step is a phase")
    if not all(isinstance(one, int | float) and math.isfinite(one) for one in (start, to)):
        raise UsageError(f"ramp: from {start!r} to {to!r} are no two numbers", hint="ramp(make, 50, 500, …)")
    each = duration(over, "ramp: over") / steps
    if not each > 0:
        raise UsageError(f"ramp: it lasts longer than nothing (got {over!r})", hint='over="10s"')
    values = [_whole(start + (to - start) * step / (steps - 1)) for step in range(steps)]
    return tuple(Phase(f"{name} {one:g}", each, (_act(name, make(one)),)) for one in values)


def repeat(times: int, *phases: Phase | Iterable[Phase]) -> tuple[Phase, ...]:
    """The same phases over and over; claims take the times together, moments each for itself."""
    if not isinstance(times, int) or times < 1:
        raise UsageError(f"repeat: a whole number of times (got {times!r})", hint="repeat(3, phase(…), …)")
    return schedule(*phases) * times


def schedule(*phases: Phase | Iterable[Phase]) -> tuple[Phase, ...]:
    """Phases one after the other; `ramp` and `repeat` give several."""
    found: list[Phase] = []
    for one in phases:
        found += [one] if isinstance(one, Phase) else schedule(*_several(one))
    return tuple(found)


def faults_of(phases: Iterable[Phase]) -> tuple[InForce, ...]:
    """Every fault of a schedule, once."""
    acts = (act for one in phases for act in one.acts)
    found = (getattr(one, "in_force", None) for one in acts)
    return tuple({id(one): one for one in found if isinstance(one, InForce)}.values())


def _several(given: object) -> Iterable[Phase]:
    if isinstance(given, (list, tuple)):
        return given
    raise UsageError(f"{given!r} is no phase", hint='phase("fault", "3s", edge.errors(503))')


def _act(name: str, given: Act | Actable) -> Act:
    if isinstance(given, Actable):
        return given.act()
    if isinstance(given, Act):
        return given
    raise UsageError(
        f"phase {name}: {given!r} is nothing that can be in force", hint="a fault such as edge.errors(503)"
    )


def _whole(value: float) -> float:
    return int(value) if float(value).is_integer() else round(value, 3)

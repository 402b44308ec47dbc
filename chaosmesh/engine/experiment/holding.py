"""The faults that are in force on a running mesh: put there and taken off as a whole, and noted in its ledger."""

from __future__ import annotations

import time
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from chaosmesh.engine.experiment.in_force import InForce
from chaosmesh.engine.stack import Stack
from chaosmesh.faults import Fault
from chaosmesh.ledger import FaultEvent

T = TypeVar("T")


@dataclass(slots=True)
class Meant:
    """Something that a test has made and should use: nobody would notice a fault that is never put in force."""

    text: str
    hint: str
    done: bool = False


class Holding:
    """A mesh and its faults. `active` has them in the order in which they were put in force."""

    stack: Stack

    def __init__(self) -> None:
        self.active: list[InForce] = []

    def expects(self, meant: Meant) -> None:
        """Something was made: of interest where it is sure when it should have been used, at the end of a test."""

    async def apply(self, context: InForce) -> None:
        """Put a fault in force on all of its edges, or on none."""
        self.active.append(context)
        try:
            for fault in context.faults:
                begun = time.time_ns()
                await fault.apply(self.stack.site)
                self._note(fault, "applied", begun)
        except BaseException:
            await self.heal(context)
            raise

    async def heal(self, context: InForce) -> None:
        """Take a fault off; harmless when it is off already."""
        if context not in self.active:
            return
        for fault in context.faults:
            await fault.heal(self.stack.site)
        self.active.remove(context)
        for fault in context.faults:
            self._note(fault, "healed")

    async def heal_all(self) -> None:
        """Take every fault off, the last one first."""
        for context in reversed(tuple(self.active)):
            await self.heal(context)

    def _note(self, fault: Fault, phase: Any, begun_ns: int = 0) -> None:
        target = ">".join(fault.edge)
        event = FaultEvent(fault.id, phase, time.time_ns(), fault.kind, target, dict(fault.size), begun_ns)
        self.stack.ledger.add_fault(event)


class Live(Protocol):
    """A running mesh as those hold it who make faults of it."""

    @property
    def stack(self) -> Stack:
        """What runs."""

    @property
    def active(self) -> list[InForce]:
        """The faults in force."""

    def expects(self, meant: Meant) -> None:
        """Something was made that should be used."""

    async def apply(self, context: InForce) -> None:
        """Put a fault in force."""

    async def heal(self, context: InForce) -> None:
        """Take it off."""

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine on the mesh's own loop."""

    async def acall(self, work: Coroutine[Any, Any, T]) -> T:
        """`call` for a coroutine on another loop."""


class Hand(Protocol):
    """What edges, nodes, the control plane and what is outside need to know to make faults. `seed`: of the victims."""

    @property
    def live(self) -> Live:
        """The mesh."""

    @property
    def seed(self) -> int:
        """Of the victims."""

    def say(self, text: str) -> None:
        """Something that should be known."""

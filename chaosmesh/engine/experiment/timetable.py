"""A schedule while it runs: what is put in force when, and when it really was."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from chaosmesh.engine.experiment.facts import Span
from chaosmesh.engine.experiment.phases import Act, Phase
from chaosmesh.engine.experiment.policies import PolicyInForce


class Timetable:
    """Goes through phases once. `spans` are the phases as they were: each begins when all of it is in force, and ends
    when the first thing is changed again; `policies` says when which policy was in force everywhere: until the next one
    was about to be put in its place."""

    def __init__(self, phases: Sequence[Phase], changed: Callable[[], None]) -> None:
        self._phases = tuple(phases)
        self._changed = changed
        self._acting: list[Act] = []
        self._spans: list[Span] = []
        self.policies: list[Span] = []

    @property
    def spans(self) -> tuple[Span, ...]:
        """The phases so far; the one that goes on has no end."""
        return tuple(self._spans)

    async def run(self, over: asyncio.Future[object] | asyncio.Task[object]) -> bool:
        """Go through all phases. False when the load was `over` before they were."""
        for one in self._phases:
            await self._switch(one.acts)
            self._begin(one.name)
            done, _ = await asyncio.wait({over}, timeout=one.seconds)
            self._end()
            if done:
                return False
        return True

    async def clear(self) -> None:
        """Take off what is in force, the last first. The load is over: which policy meets nobody is not noted."""
        self._end()
        for one in reversed(tuple(self._acting)):
            self._leave(one)
            await one.heal()
            self._acting.remove(one)

    async def _switch(self, acts: Sequence[Act]) -> None:
        for one in reversed(tuple(self._acting)):
            if one not in acts:
                await self._heal(one)
        for one in acts:
            if one not in self._acting:
                self._acting.append(one)
                self._leave(one)
                await one.apply()
                self._note(one)

    async def _heal(self, act: Act) -> None:
        self._leave(act)
        await act.heal()
        self._acting.remove(act)
        self._note(act)

    def _leave(self, act: Act) -> None:
        """From here on some calls may meet the next policy already."""
        if isinstance(act, PolicyInForce) and self.policies and self.policies[-1].end_ns is None:
            self.policies.append(_ended(self.policies.pop()))
            self._changed()

    def _note(self, act: Act) -> None:
        if isinstance(act, PolicyInForce):
            self.policies.append(Span(act.label, time.time_ns()))
            self._changed()

    def _begin(self, name: str) -> None:
        self._spans.append(Span(name, time.time_ns()))
        self._changed()

    def _end(self) -> None:
        if self._spans and self._spans[-1].end_ns is None:
            self._spans.append(_ended(self._spans.pop()))
            self._changed()


def _ended(span: Span) -> Span:
    return Span(span.name, span.begin_ns, time.time_ns())

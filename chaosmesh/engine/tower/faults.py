"""The faults that were made in the tower: each for a time, which can be lengthened, and then taken off."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from chaosmesh.engine.experiment.in_force import InForce
from chaosmesh.engine.ground import LEASE_TTL
from chaosmesh.engine.tower.delivered import Delivered
from chaosmesh.engine.tower.forms import checked, written
from chaosmesh.engine.tower.hands import Hands
from chaosmesh.engine.tower.kinds import RECIPES, Recipe, offered
from chaosmesh.engine.tower.seen import Seen
from chaosmesh.engine.tower.state import FaultState
from chaosmesh.engine.tower.story import Story
from chaosmesh.errors import ChaosMeshError, UsageError
from chaosmesh.mesh.picture import Arrow

TTL_S: Final = 300.0
"""Seconds that a fault stays where nobody says for how long."""
LONGEST_S: Final = 3600.0
SHORTEST_S: Final = 1.0


class UnknownFaultError(UsageError):
    """Raised for a fault that is not in force (any more)."""


@dataclass(slots=True)
class Standing:
    """A fault in force. `began_ns`: when it was, epoch; `until`: when it will be taken off, monotonic seconds."""

    id: str
    recipe: Recipe
    on: Mapping[str, Any]
    fields: Mapping[str, Any]
    context: InForce
    delivered: Delivered
    ttl_s: float
    until: float
    began_ns: int
    task: asyncio.Task[None] | None = None
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def edge(self) -> str | None:
        """The edge it is on, if it is on one."""
        return self.on.get("edge")

    @property
    def python(self) -> str:
        """The call that makes it, in an experiment."""
        return written(self.recipe, self.fields)


class Faults:
    """Puts faults in force and takes them off. `changed` is called before (with None: about to) and after each change."""

    def __init__(
        self, hands: Hands, seen: Seen, story: Story, arrows: Callable[[], Mapping[str, Arrow]]
    ) -> None:
        self._hands = hands
        self._seen = seen
        self._story = story
        self._arrows = arrows
        self._standing: dict[str, Standing] = {}
        self._numbers = itertools.count(1)
        self._turn = asyncio.Lock()
        self.changed: Callable[[str], None] = lambda _: None
        self.windows: list[dict[str, Any]] = []
        self.touched: set[str] = set()

    @property
    def standing(self) -> tuple[Standing, ...]:
        """Those in force, the oldest first."""
        return tuple(self._standing.values())

    @property
    def offered(self) -> tuple[Recipe, ...]:
        """What can be made here."""
        stack = self._hands.stack
        return offered(stack.kind, externals=bool(stack.externals))

    async def put(
        self, kind: str, on: Mapping[str, Any], fields: Mapping[str, Any], ttl_s: float | None = None
    ) -> FaultState:
        """Put a fault in force; it is when this returns. UsageError where it makes no sense, and nothing is done."""
        recipe = RECIPES.get(kind)
        if recipe is None or recipe not in self.offered:
            known = ", ".join(one.kind for one in self.offered)
            raise UsageError(f"no fault is called {kind!r} here", hint=f"one of: {known}")
        seconds = _ttl(ttl_s)
        values = checked(recipe, fields)
        context = self._hands.made(recipe, on, values, self._arrows())
        name = f"{kind}-{next(self._numbers)}"
        async with self._turn:
            one = await self._begin(name, recipe, on, values, context, seconds)
        return self.state_of(one)

    async def change(
        self, name: str, fields: Mapping[str, Any] | None = None, ttl_s: float | None = None
    ) -> FaultState:
        """Another dose, which begins its time anew, or another time from now on."""
        one = self._known(name)
        seconds = _ttl(one.ttl_s if ttl_s is None else ttl_s)
        if fields is None:
            one.ttl_s, one.until = seconds, time.monotonic() + seconds
            self._story.add("fault", f"{one.context} stays for {seconds:g} s more", edge=one.edge)
            self._watch(one)
            return self.state_of(one)
        values = checked(one.recipe, {**one.fields, **fields})
        context = self._hands.made(one.recipe, one.on, values, self._arrows())
        async with self._turn:
            await self._end(self._known(name), "another dose follows")
            return self.state_of(await self._begin(name, one.recipe, one.on, values, context, seconds))

    async def heal(self, name: str, why: str = "") -> float:
        """Take a fault off; how long that took, ms."""
        async with self._turn:
            return await self._end(self._known(name), why)

    async def heal_all(self, why: str = "") -> list[str]:
        """Take every fault off, the last one first; what was healed. One that resists does not keep the others."""
        healed: list[str] = []
        problems: list[ChaosMeshError] = []
        async with self._turn:
            for one in reversed(self.standing):
                try:
                    await self._end(one, why)
                except ChaosMeshError as error:
                    problems.append(error)
                else:
                    healed.append(str(one.context))
        if problems:
            raise problems[0]
        return healed

    async def keep(self) -> None:
        """Tell the keeper again and again that the faults are wanted, until cancelled."""
        while True:
            await asyncio.sleep(LEASE_TTL / 4)
            with contextlib.suppress(ChaosMeshError):
                await self._hands.stack.site.renew()

    def state_of(self, one: Standing) -> FaultState:
        """For the page."""
        hit, evidence = one.delivered.told()
        return FaultState(
            one.id,
            one.recipe.kind,
            str(one.context),
            dict(one.on),
            dict(one.fields),
            one.began_ns // 1_000_000,
            one.ttl_s,
            round(max(0.0, one.until - time.monotonic()), 1),
            hit,
            evidence,
        )

    async def _begin(
        self,
        name: str,
        recipe: Recipe,
        on: Mapping[str, Any],
        fields: Mapping[str, Any],
        context: InForce,
        ttl_s: float,
    ) -> Standing:
        begin = time.monotonic()
        self.changed("about to change")
        self.touched.add(recipe.kind)
        try:
            await self._hands.apply(context)
        except BaseException:
            self.changed("nothing")
            raise
        took, now = time.monotonic() - begin, time.time_ns()
        delivered = Delivered(context, self._seen, lambda: self._hands.stack.mesh)
        one = Standing(
            name, recipe, dict(on), fields, context, delivered, ttl_s, time.monotonic() + ttl_s, now
        )
        self._standing[name] = one
        self.windows.append({"from": now / 1e9, "to": None, "label": str(context), "id": name})
        self._story.add(
            "fault",
            str(context),
            edge=one.edge,
            ms=took * 1000,
            details={"fault": name, "kind_of_fault": recipe.kind, "on": one.on, "fields": fields},
        )
        self._watch(one)
        self.changed(f"{context}")
        return one

    async def _end(self, one: Standing, why: str) -> float:
        begin = time.monotonic()
        self.changed("about to change")
        await self._hands.heal(one.context)
        took = (time.monotonic() - begin) * 1000
        one.delivered.end()
        self._standing.pop(one.id, None)
        one.gone.set()
        if one.task is not None and one.task is not asyncio.current_task():
            one.task.cancel()
        for window in self.windows:
            if window["id"] == one.id and window["to"] is None:
                window["to"] = time.time()
        because = f" ({why})" if why else ""
        self._story.add(
            "heal", f"{one.context} is off{because}", edge=one.edge, ms=took, details={"fault": one.id}
        )
        self.changed(f"{one.context} is off")
        return took

    def _watch(self, one: Standing) -> None:
        """Take it off when its time is over."""
        if one.task is not None:
            one.task.cancel()
        one.task = asyncio.create_task(self._expire(one))

    async def _expire(self, one: Standing) -> None:
        await asyncio.sleep(max(0.0, one.until - time.monotonic()))
        async with self._turn:
            if self._standing.get(one.id) is one:
                try:
                    await self._end(one, "its time was over")
                except ChaosMeshError as error:
                    self._story.add("note", f"{one.context} could not be taken off: {error.message}")

    def _known(self, name: str) -> Standing:
        if name not in self._standing:
            known = ", ".join(self._standing) or "none"
            raise UnknownFaultError(f"no fault {name!r} is in force", hint=f"in force: {known}")
        return self._standing[name]

    async def close(self) -> None:
        """Everything off; for the end."""
        for one in self.standing:
            if one.task is not None:
                one.task.cancel()
        with contextlib.suppress(ChaosMeshError):
            await self.heal_all("the end")


def _ttl(value: float | None) -> float:
    if value is None:
        return TTL_S
    if isinstance(value, bool) or not isinstance(value, int | float) or not SHORTEST_S <= value <= LONGEST_S:
        raise UsageError(
            f"ttl_s: {value!r} is no time for a fault", hint=f"{SHORTEST_S:g} to {LONGEST_S:g} seconds"
        )
    return float(value)

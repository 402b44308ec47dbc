"""The canary by hand: it is stopped between two changes of the weights, never in the middle of one."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from chaosmesh.engine.tower.canary import Canary


class SlowRules:
    """Puts weights in force as slowly as it is told."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.go_on = asyncio.Event()
        self.in_force: list[Any] = []

    async def route(self, _id: str, _hash: None, *, weights: Any) -> None:
        self.asked.set()
        await self.go_on.wait()
        self.in_force.append(weights)


def test_a_pause_lets_weights_that_are_on_their_way_arrive() -> None:
    async def main() -> None:
        rules, told = SlowRules(), []
        story = SimpleNamespace(add=lambda *words: told.append(words))
        scenario = SimpleNamespace(canary=None)
        canary = Canary(scenario, rules, lambda: None, story)  # type: ignore[arg-type, return-value]
        plan = SimpleNamespace(route=SimpleNamespace(id="router/route"))

        async def shift() -> None:
            await canary._put(plan, {"old": 60, "new": 40})  # type: ignore[arg-type]
            await asyncio.Event().wait()

        canary._task = task = asyncio.create_task(shift())
        canary.plan = plan  # type: ignore[assignment]
        canary._at = lambda _plan: 40  # type: ignore[method-assign]
        await rules.asked.wait()
        pausing = asyncio.create_task(canary.pause("by hand"))
        await asyncio.sleep(0)
        assert not pausing.done()
        rules.go_on.set()
        await asyncio.wait_for(pausing, 30)
        assert (rules.in_force, task.cancelled()) == ([{"old": 60, "new": 40}], True)
        assert told == [("policy", "canary: paused at 40 %")]

    asyncio.run(main())

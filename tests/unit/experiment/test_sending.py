"""A plan on its way: through the door of its entry, or out of the entry's own application."""

from __future__ import annotations

import asyncio
from typing import Any

from chaosmesh.engine.canary.traffic import Sending
from chaosmesh.engine.experiment.plan import Plan
from chaosmesh.engine.experiment.sending import begin
from chaosmesh.load import RequestSpec

PLAN = Plan("flights", (RequestSpec(path="/x"),), 20.0, "poisson", 3, count=7)
OUTWARD = Plan("flights", (RequestSpec(path="/x"),), 20.0, "poisson", 3, host="example.com")


class Told:
    """A stack that keeps what it was told to begin."""

    def __init__(self) -> None:
        self.told: tuple[Any, ...] = ()
        self.more: dict[str, Any] = {}

    def entry_url(self, entry: str, *protocols: str) -> str:
        return f"door of {entry} for {' '.join(protocols)}"

    def entry_tls(self, entry: str, *_: str) -> str:
        return f"tls of {entry}"

    def anywhere_url(self, entry: str) -> str:
        return f"everywhere from {entry}"

    async def begin(self, *told: Any, **more: Any) -> None:
        self.told, self.more = told, more


def test_users_come_through_the_door() -> None:
    stack = Told()
    asyncio.run(begin(stack, PLAN, "expect", 9.0))  # type: ignore[arg-type]
    assert stack.told[:3] == ("expect flights", "door of flights for http", "flights")
    assert (stack.more["count"], stack.more["duration"], stack.more["seed"]) == (7, 9.0, 3)
    assert stack.more["tls"] == "tls of flights"


def test_an_application_sends_to_any_host_under_a_canary_too() -> None:
    stack = Told()
    asyncio.run(Sending(stack, OUTWARD, 9.0).begin())  # type: ignore[arg-type]
    assert stack.told[:3] == ("canary flights", "everywhere from flights", "example.com")
    assert stack.more["tls"] is None

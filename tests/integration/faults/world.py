"""A small running mesh for faults on processes and on the control plane: front calls two copies of blue over TLS."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chaosmesh.documents.scenario import load_scenario
from chaosmesh.engine.experiment.loop import LoopThread
from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.stack import Stack
from chaosmesh.engine.sweep import Sweep
from chaosmesh.faults import Fault
from chaosmesh.ledger import Call
from chaosmesh.load import Record, RequestSpec
from chaosmesh.mesh import ClientTls, HealthCheck, Identity, Mesh, Retry, ServerTls, Trust
from tests import meshes
from tests.integration.runtime import outside

RETRY = Retry(
    5, 1.0, statuses=(503,), on_reset=True, on_connect_failure=True, avoid_previous_hosts=True, host_picks=10
)
OWN = Identity("file", "/keys/own.pem", "/keys/own.key")


def policy(*, retry: Retry | None = RETRY) -> Mesh:
    """Health checks once in 100 ms, and TLS that both sides verify."""
    health = HealthCheck("http", 1, 1, 0.1, 1.0, "/ping")
    blue = meshes.workload("blue", tls=ServerTls("strict", OWN), health=health)
    front = replace(
        meshes.workload("front", "color"),
        client_tls=(("color", ClientTls(Trust("file", ("/keys/ca.pem",)))),),
    )
    way = meshes.route("color", "all", {"blue": 1}, retry=retry)
    return meshes.mesh([front, blue], [meshes.service("color", way)])


@dataclass
class World:
    """One mesh on a loop of its own; `call` runs a coroutine there."""

    stack: Stack
    sweep: Sweep
    loop: LoopThread

    def call(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.call(work)

    def under(
        self, fault: Fault, work: Callable[[], Coroutine[Any, Any, Any]] | None = None, *, seen: str = ""
    ) -> Any:
        """What `work` gives while the fault is in force. Then the sweep sees it (`seen`); healed, it sees nothing."""

        async def main() -> Any:
            try:
                await fault.apply(self.stack.site)
                found = await work() if work else None
                assert seen in "; ".join(await self.sweep.remaining())
            finally:
                await fault.heal(self.stack.site)
            assert await self.sweep.remaining() == []
            return found

        return self.call(main())

    async def calls(self, count: int = 20) -> list[Call]:
        """So many requests, one after the other in time, and the calls of front that came of them."""
        records: list[Record] = []
        sending = await self.stack.begin(
            "users",
            self.stack.entry_url("front"),
            "front",
            [RequestSpec()],
            100.0,
            count=count,
            on_records=records.extend,
        )
        await sending.done()
        await self.stack.settled([sending.stream.id], 60)
        assert len(records) == count
        return self.stack.ledger.calls(sending.stream.id, "front", "color")


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """The mesh, running; at the end everything is gone."""
    loop = LoopThread()
    kept = AsyncExitStack()

    async def start() -> World:
        stack = await kept.enter_async_context(
            Stack(policy(), load_scenario(None), RunFolder.create(folder, "faults"))
        )
        return World(stack, await Sweep.begin(stack), loop)

    try:
        made = loop.call(start())
        assert [one.workload for one in made.sweep.well] == ["front"]
        yield made
    finally:
        loop.call(kept.aclose())
        loop.close()
    assert outside.left(made.stack.run, made.stack.topology.subnet) == ""


async def until(look: Callable[[], bool]) -> None:
    """Asks again and again until it is true."""
    await outside.auntil(look, "what a fault brings about", 30)

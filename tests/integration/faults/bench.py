"""One running mesh for all faults of a module: HTTP, TCP and gRPC edges of one client, through real Toxiproxy."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaosmesh.documents.scenario import load_scenario
from chaosmesh.engine.experiment.loop import LoopThread
from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.stack import Stack
from chaosmesh.faults import Dose, Fault, Site
from chaosmesh.ledger import Addresses, Attempt, Call, Ledger
from chaosmesh.load import RequestSpec
from chaosmesh.mesh import Retry, Timeout
from chaosmesh.runtime.toxiproxy import ProxyState
from tests import meshes

COLOR, LINE, TALK = ("front", "color"), ("front", "line"), ("front", "talk")
RETRIED = Retry(2, None, statuses=(503,), on_reset=True, on_connect_failure=True)
"""For /again alone: what is tried anew shows that new connections work."""
BRIEF_S = 0.4
"""The bound of a request for /brief. No other one has a bound that a busy host may reach by itself."""

MESH = meshes.mesh(
    [
        meshes.workload("front", "color", "line", "talk"),
        meshes.workload("blue"),
        meshes.workload("cable", port=9000, protocol="tcp"),
        meshes.workload("bell", port=9001, protocol="grpc"),
    ],
    [
        meshes.service(
            "color",
            meshes.route("color", "again", {"blue": 1}, match=meshes.Match(prefix="/again"), retry=RETRIED),
            meshes.route(
                "color", "brief", {"blue": 1}, match=meshes.Match(prefix="/brief"), timeout=Timeout(BRIEF_S)
            ),
            meshes.route("color", "once", {"blue": 1}),
        ),
        meshes.service(
            "line", meshes.route("line", "all", {"cable": 1}, protocol="tcp"), port=9000, protocol="tcp"
        ),
        meshes.service(
            "talk", meshes.route("talk", "all", {"bell": 1}, protocol="grpc"), port=9001, protocol="grpc"
        ),
    ],
)


@dataclass
class Bench:
    """The mesh; each `load` has a ledger of its own."""

    stack: Stack
    loop: LoopThread

    @property
    def site(self) -> Site:
        return self.stack.site

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.call(work)

    def inside(self, test: Callable[[], Awaitable[None]]) -> None:
        """A test's own coroutine, on the mesh's loop."""
        self.loop.call(_coroutine(test))

    async def load(
        self,
        *specs: RequestSpec,
        count: int = 60,
        rate: float = 100,
        number: int | None = None,
        entry: bool = False,
    ) -> Ledger:
        """What so many requests met: at the client's egress, or (`entry`) at its application, which calls every
        backend."""
        stack = self.stack
        stack.ledger = Ledger(Addresses.of(stack.topology))
        url = stack.entry_url("front") if entry else stack.egress_url(*COLOR)
        running = await stack.begin(
            "load",
            url,
            "front" if entry else "color",
            specs or (RequestSpec(),),
            rate,
            count=count,
            number=number,
        )
        report = await running.done()
        assert report.sent == count
        await stack.settled([running.stream.id])
        return stack.ledger

    async def under(self, fault: Fault, *specs: RequestSpec, **load: Any) -> tuple[Dose, list[Attempt]]:
        """The dose and the attempts of a fault's edge while it was in force."""
        await fault.apply(self.site)
        try:
            ledger = await self.load(*specs, **load)
            if load.get("entry"):  # connections: nobody knows yet which rows are to come
                await self._connections(ledger, fault.edge, load["count"])
        finally:
            await fault.heal(self.site)
        attempts = [one for call in ledger.calls(None, *fault.edge) for one in call.attempts]
        return fault.dose(attempts), attempts

    async def _connections(self, ledger: Ledger, edge: tuple[str, str], count: int) -> None:
        def missing() -> str:
            seen = sum(len(call.attempts) for call in ledger.calls(None, *edge))
            return "" if seen >= count else f"{seen} of {count} connections"

        await self.stack.bell.until(missing, seconds=20, what="the rows of all connections")

    async def proxies(self) -> dict[str, ProxyState]:
        return await self.stack.runtime.toxiproxy.state()

    async def well(self) -> None:
        """Nothing is left of any fault: in Toxiproxy, in the sidecars, and for users. Rows of what a fault has broken may
        still come in, so these users are told apart by their stream."""
        found = await self.proxies()
        assert all(one.enabled and not one.toxics for one in found.values()), found
        assert not self.stack.site.request_faults
        number = self.stack.number("well")
        calls: list[Call] = (await self.load(count=10, number=number)).calls(number, *COLOR)
        assert [one.status for one in calls] == [200] * 10, [(one.flags, one.details) for one in calls]


async def _coroutine(test: Callable[[], Awaitable[None]]) -> None:
    await asyncio.wait_for(test(), 120)


def started(folder: Path) -> tuple[Bench, Callable[[], None]]:
    """The running bench, and what ends it."""
    loop = LoopThread()
    stack = Stack(MESH, load_scenario(None), RunFolder.create(folder, "faults"))

    def end() -> None:
        try:
            loop.call(stack.__aexit__())
        finally:
            loop.close()

    try:
        loop.call(stack.__aenter__())
    except BaseException:
        loop.close()
        raise
    return Bench(stack, loop), end

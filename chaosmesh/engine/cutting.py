"""Connections that are cut once a period, on a clock that doesn't drift; and the proof that they are gone."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection

from chaosmesh.errors import DeadlineError
from chaosmesh.runtime import Runtime, probe
from chaosmesh.runtime.toxiproxy.peers import Address

GONE_DEADLINE = 0.5
"""Seconds for sidecars to close their ends of what was cut; a busy one takes some milliseconds."""

Cut = Callable[[], Awaitable[None]]


class Cutter:
    """Cuts at once when it starts, and every `every_s` seconds after that until `stop`.

    `acted` is told when each cut was over (epoch nanoseconds). Cuts that a busy machine missed are left out, not
    made up for.
    """

    def __init__(self, cut: Cut, every_s: float, acted: Callable[[int], None]) -> None:
        self._cut = cut
        self._every_s = every_s
        self._acted = acted
        self._stopped = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns after the first cut."""
        begin = time.monotonic()
        await self._once()
        self._task = asyncio.create_task(self._go_on(begin))

    async def stop(self) -> None:
        """Ends after a cut, never in the middle of one; raises what went wrong with one."""
        self._stopped.set()
        if self._task is not None:
            await self._task

    async def _go_on(self, begin: float) -> None:
        while not await self._stops_within(self._every_s - (time.monotonic() - begin) % self._every_s):
            await self._once()

    async def _stops_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._stopped.wait()
        except TimeoutError:
            return False

    async def _once(self) -> None:
        await self._cut()
        self._acted(time.time_ns())


@contextlib.asynccontextmanager
async def gone(runtime: Runtime, servers: Collection[Address]) -> AsyncIterator[None]:
    """Leaves once clients have closed what was open on the way in. A request that starts then meets none of it.

    Toxiproxy's answer comes before the connections' ends do. A program may keep its end as long as it likes: after
    GONE_DEADLINE it is not waited for.
    """
    before = await asyncio.to_thread(runtime.clients, servers)
    yield

    async def look() -> str:
        left = before & await asyncio.to_thread(runtime.clients, servers)
        return f"{len(left)} connections" if left else ""

    with contextlib.suppress(DeadlineError):
        await probe.until("the end of what was cut", look, within=GONE_DEADLINE)

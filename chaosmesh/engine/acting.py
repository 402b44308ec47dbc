"""What happens to copies of nodes while a probe's requests go out: always undone at its end."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from chaosmesh.checks import Probe
from chaosmesh.checks.model import Act
from chaosmesh.engine.stack import Stack

DEADLINE = 120.0
"""Seconds within which every act of a probe must be due; no check takes longer."""


Alone = Callable[[Act, int], float]
"""Seconds for which an act's copy has got no call since a time (epoch ns), although others got some."""


@asynccontextmanager
async def acting(
    stack: Stack, probe: Probe, answered: Callable[[], int], alone: Alone
) -> AsyncIterator[list[int]]:
    """The probe's acts, each when enough of its requests are `answered` or its copy is left `alone`; gives the times
    (epoch ns) at which they were in force."""
    marks: list[int] = []
    task = asyncio.create_task(_all(stack, probe, answered, alone, marks))
    try:
        yield marks
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        for node, replica in {(one.node, one.replica) for one in probe.acts}:
            await _do(stack, Act(0, "well", node, replica))


async def _all(
    stack: Stack, probe: Probe, answered: Callable[[], int], alone: Alone, marks: list[int]
) -> None:
    for act in probe.acts:

        def missing(act: Act = act) -> str:
            n = answered()
            left = act.alone_s and marks and alone(act, marks[-1]) >= act.alone_s
            return "" if left or n >= act.after else f"{n} of {act.after} answers"

        await stack.bell.until(missing, seconds=DEADLINE, what=f"the answers before {act.node} is {act.what}")
        await _do(stack, act)
        marks.append(time.time_ns())


async def _do(stack: Stack, act: Act) -> None:
    replica = stack.topology.replicas_of(act.node)[act.replica]
    await stack.runtime.configure(replica, healthy=act.what == "well")

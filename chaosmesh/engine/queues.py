"""The queues of limited stand-ins, which outlive the load that filled them."""

from __future__ import annotations

import asyncio

from chaosmesh.engine.stack import Stack
from chaosmesh.mesh import Replica


async def emptied(stack: Stack) -> None:
    """Serve at once whoever still waits at a limited stand-in; its capacity is the scenario's again when this returns.

    After an overload that is stuck the next test would begin in the middle of it.
    """
    limited = [
        (replica, one.capacity)
        for name, one in stack.standins.items()
        if one.capacity is not None
        for replica in stack.topology.replicas_of(name)
    ]

    async def empty(replica: Replica, capacity: float) -> None:
        await stack.runtime.configure(replica, capacity=None)
        await stack.runtime.configure(replica, capacity=capacity)

    await asyncio.gather(*(empty(replica, capacity) for replica, capacity in limited))

"""The emergency stop: load ends, every fault is taken off, and the proof that nothing of them is left."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from chaosmesh.engine.stack import Stack
from chaosmesh.engine.sweep import Sweep
from chaosmesh.engine.tower.faults import Faults
from chaosmesh.errors import ChaosMeshError


@dataclass(frozen=True)
class Stopped:
    """What was taken off, what is left although it should not be (nothing, as a rule), and how long it took, ms."""

    healed: list[str]
    left: list[str]
    ms: float
    policy: str = ""


def before(stack: Stack) -> Sweep:
    """How a mesh is that nobody has touched yet. No traffic is sent for it."""
    standins = {one.key: stack.runtime.standin(one) for one in stack.runtime.told_replicas()}
    return Sweep(stack, stack.mesh, standins, frozenset(one.key for one in stack.topology.replicas))


async def stop(
    stack: Stack,
    faults: Faults,
    sweep: Sweep,
    end_load: Callable[[], None],
    back: Callable[[], Awaitable[None]] | None,
) -> Stopped:
    """Everything at once; whatever resists is told, and keeps nothing else from being taken off. `back` brings the policy
    of the documents back."""
    begin = time.monotonic()
    end_load()
    standing = {str(one.context) for one in faults.standing}
    left: list[str] = []
    try:
        await faults.heal_all("emergency stop")
    except ChaosMeshError as error:
        left.append(error.message)
    policy = ""
    if back is not None:
        try:
            await back()
            policy = "the policy of the documents is in force"
        except ChaosMeshError as error:
            left.append(error.message)
    left += await _remaining(stack, sweep)
    resisting = {str(one.context) for one in faults.standing}
    took = (time.monotonic() - begin) * 1000
    return Stopped(sorted(standing - resisting), left, round(took, 1), policy)


async def _remaining(stack: Stack, sweep: Sweep) -> list[str]:
    """Against the policy that is in force now: it may have been edited, which is no fault."""
    keys = (
        sweep.replicas if sweep.mesh is stack.mesh else frozenset(one.key for one in stack.topology.replicas)
    )
    try:
        return await replace(sweep, mesh=stack.mesh, replicas=keys).remaining(probing=False)
    except (ChaosMeshError, OSError) as error:
        return [f"nobody can tell what is left: {error}"]

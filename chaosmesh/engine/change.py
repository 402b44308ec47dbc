"""Puts another mesh in force on a running stack, so that no call of an edge that stays has nowhere to go."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from chaosmesh.envoy import ControlPlane, Push, Snapshot, stages
from chaosmesh.errors import ChaosMeshError
from chaosmesh.runtime import Runtime
from chaosmesh.runtime.change import Change
from chaosmesh.runtime.drain import drained

CONNECT_DEADLINE = 60.0
DRAIN_S = 15.0
"""Seconds that calls get to end on what goes away: as long as a route's default timeout."""

Snapshots = Mapping[str, Snapshot]
Send = Callable[[Snapshots], Awaitable[Push]]


async def put_in_force(
    change: Change,
    before: Snapshots,
    after: Snapshots,
    *,
    control: ControlPlane,
    runtime: Runtime,
    send: Send,
    prepared: Callable[[], Awaitable[None]],
) -> Push:
    """Start what comes, switch, stop what goes. `prepared` is awaited when everything new runs, before any call
    can reach it.

    When it raises, `before` is in force again and nothing of the change is left. The result's `seconds` end with
    the moment when the new mesh was in force; what goes is drained after that.
    """
    began = time.monotonic()
    try:
        await runtime.grow(change)
        await prepared()
        await control.connected([one.key for one in change.new_sidecars], CONNECT_DEADLINE)
        push = await _switch(change, before, after, send, runtime)
        in_force = time.monotonic() - began
        await _leave(change, after, send, runtime)
    except BaseException:
        await _take_back(change, before, control=control, runtime=runtime, send=send)
        raise
    await runtime.shrink(change)
    control.forget(one.key for one in change.gone_sidecars)
    return Push(push.version, in_force, push.changed)


async def _switch(change: Change, before: Snapshots, after: Snapshots, send: Send, runtime: Runtime) -> Push:
    """Everything up to the new mesh in force."""
    if stages.simple(before, after):
        return await send(after)
    room = stages.grown(before, after)
    if room:
        await send(room)
    moving = stages.moved(before, after, {one.key for one in change.moved})
    if moving:
        await send(moving)
        await drained(change.relieved, DRAIN_S, runtime.tables())
    push = await send(stages.switched(before, after))
    return Push(push.version, push.seconds, tuple(sorted({*room, *moving, *push.changed})))


async def _leave(change: Change, after: Snapshots, send: Send, runtime: Runtime) -> None:
    """Nobody calls what goes any more: wait for the calls that are under way, and take it out."""
    await drained(change.abandoned, DRAIN_S, runtime.tables())
    await send(after)
    gone = (change.before.apps[one] for one in change.gone_apps if one.key in after)
    places = [f"{host}:{port}" for one in gone for host, port, _ in one.listen]
    await drained(places, DRAIN_S, runtime.tables())


async def _take_back(
    change: Change, before: Snapshots, *, control: ControlPlane, runtime: Runtime, send: Send
) -> None:
    """The first error says what went wrong; what fails on the way back says nothing new."""
    with suppress(ChaosMeshError):
        await send(before)
    with suppress(ChaosMeshError):
        await runtime.shrink(change.back())
    control.forget(one.key for one in change.new_sidecars)

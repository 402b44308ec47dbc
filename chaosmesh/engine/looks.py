"""Evidence that must be asked for: looked at while a fault is in force, and once more at its end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from chaosmesh.errors import ChaosMeshError

EVERY_S = 0.2
"""Seconds between two looks: a verdict rests on a number that is at most that old."""

Look = Callable[[], Awaitable[None]]


class Looks:
    """One look after another for each lease, until it ends; `every_s` seconds between two."""

    def __init__(self, every_s: float = EVERY_S) -> None:
        self._every_s = every_s
        self._looks: dict[str, tuple[Look, asyncio.Task[None]]] = {}

    def begin(self, lease: str, look: Look) -> None:
        """Look again and again."""
        self._looks[lease] = look, asyncio.create_task(_again(look, self._every_s))

    async def end(self, lease: str) -> None:
        """A last look; harmless where nobody looks."""
        if lease not in self._looks:
            return
        look, task = self._looks.pop(lease)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await _once(look)


async def _again(look: Look, every_s: float) -> None:
    never = asyncio.Event()
    while True:
        await _once(look)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(never.wait(), every_s)


async def _once(look: Look) -> None:
    """Who is asked may be stopped or gone: then the evidence stays as it was."""
    with contextlib.suppress(OSError, ValueError, ChaosMeshError):
        await look()

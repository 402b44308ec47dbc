"""Turns on something shared: many at once, or one alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """Many may be inside at once, or a single one that disturbs the others."""

    def __init__(self) -> None:
        self._inside = 0
        self._lone = False
        self._condition = asyncio.Condition()

    @asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        """Inside together with others."""
        async with self._condition:
            await self._condition.wait_for(lambda: not self._lone)
            self._inside += 1
        try:
            yield
        finally:
            async with self._condition:
                self._inside -= 1
                self._condition.notify_all()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Inside with nobody else."""
        async with self._condition:
            await self._condition.wait_for(lambda: not self._lone and not self._inside)
            self._lone = True
        try:
            yield
        finally:
            async with self._condition:
                self._lone = False
                self._condition.notify_all()

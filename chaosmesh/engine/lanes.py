"""Who may try what at the same time: in the order of asking, nobody beside somebody whom it would disturb."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class _Ticket:
    alone: frozenset[str]
    shared: frozenset[str]

    def disturbs(self, other: _Ticket) -> bool:
        return bool(self.alone & (other.alone | other.shared) or self.shared & other.alone)


class Lanes:
    """Many may use a thing at once, or one alone. Who asked first comes first: nobody waits for ever."""

    def __init__(self) -> None:
        self._tickets: list[_Ticket] = []
        self._condition = asyncio.Condition()

    @asynccontextmanager
    async def take(self, *, alone: frozenset[str], shared: frozenset[str]) -> AsyncIterator[None]:
        """Inside with the things in `alone` to itself, and those in `shared` together with others."""
        ticket = _Ticket(alone, shared)
        self._tickets.append(ticket)
        try:
            async with self._condition:
                await self._condition.wait_for(lambda: self._first(ticket))
            yield
        finally:
            async with self._condition:
                self._tickets.remove(ticket)
                self._condition.notify_all()

    def _first(self, ticket: _Ticket) -> bool:
        before = self._tickets[: self._tickets.index(ticket)]
        return not any(ticket.disturbs(one) for one in before)

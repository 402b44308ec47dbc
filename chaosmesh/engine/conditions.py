"""Waiting on a condition with a deadline: the only way this project waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from chaosmesh.errors import DeadlineError


class Bell:
    """Rings whenever something new was recorded; waiters look at their condition again."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Wake every waiter (call it on the loop's thread)."""
        self._event.set()
        self._event = asyncio.Event()

    async def met(self, condition: Callable[[], str]) -> None:
        """Return once `condition` answers with nothing; for callers who wait for something else beside it."""
        while condition():
            await self._event.wait()

    async def until(self, condition: Callable[[], str], *, seconds: float, what: str) -> None:
        """Return once `condition` answers with nothing; its text says what is still missing.

        Raises DeadlineError with the last such text.
        """
        async with _deadline(seconds, what) as last:
            while missing := condition():
                last.text = missing
                await self._event.wait()


class _deadline:  # noqa: N801 - reads as a word in `async with`
    def __init__(self, seconds: float, what: str) -> None:
        self.text = ""
        self._what = what
        self._seconds = seconds
        self._timeout = asyncio.timeout(seconds)

    async def __aenter__(self) -> _deadline:
        await self._timeout.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: object
    ) -> None:
        try:
            await self._timeout.__aexit__(kind, error, None)
        except TimeoutError:
            raise DeadlineError(
                f"{self._what}: not within {self._seconds:g} s; last seen: {self.text}"
            ) from None

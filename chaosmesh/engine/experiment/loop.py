"""One asyncio loop in a thread of its own, for callers that are no coroutines."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")

END_DEADLINE = 30.0  # seconds that cancelled work may take to clean up


class LoopThread:
    """Calls may come from any thread. A call that is interrupted (Ctrl-C) cancels its work and waits for its end."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="chaosmesh", daemon=True)
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine."""
        ended = threading.Event()
        future = self.submit(work, ended)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            ended.wait(END_DEADLINE)
            raise

    def submit(self, work: Coroutine[Any, Any, T], ended: threading.Event | None = None) -> Future[T]:
        """Start a coroutine; `ended` is set when it has really ended."""

        async def whole() -> T:
            try:
                return await work
            finally:
                if ended is not None:
                    ended.set()

        return asyncio.run_coroutine_threadsafe(whole(), self._loop)

    async def acall(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine, for a coroutine on another loop, which goes on meanwhile. When that is cancelled
        so is the work, and its end is waited for."""
        ended = threading.Event()
        future = self.submit(work, ended)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            future.cancel()
            await asyncio.to_thread(ended.wait, END_DEADLINE)
            raise

    def close(self) -> None:
        """End the loop and its thread."""
        if self._loop.is_closed():
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(END_DEADLINE)
        if not self._thread.is_alive():
            self._loop.close()

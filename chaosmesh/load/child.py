"""A process of the generator that somebody else has spawned: noticed when it ends, and ended."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress

_KILL_S = 5.0


class Child:
    """A running process by its pid; `on_end` is called once, on the event loop."""

    def __init__(self, pid: int, on_end: Callable[[Child], None]) -> None:
        self.pid = pid
        self.ended = asyncio.Event()
        self._on_end = on_end
        self._fd = os.pidfd_open(pid)
        asyncio.get_running_loop().add_reader(self._fd, self._lost)

    def terminate(self) -> None:
        """Asks it to end."""
        if not self.ended.is_set():
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._fd, signal.SIGTERM)

    async def end(self, patience: float) -> None:
        """Waits so many seconds for its end, then kills it."""
        if self.ended.is_set():
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self.ended.wait(), patience)
            return
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._fd, signal.SIGKILL)
        await asyncio.wait_for(self.ended.wait(), _KILL_S)

    def _lost(self) -> None:
        asyncio.get_running_loop().remove_reader(self._fd)
        os.close(self._fd)
        self.ended.set()
        self._on_end(self)

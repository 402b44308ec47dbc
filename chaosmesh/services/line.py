"""The one queue of a stand-in whose capacity is limited."""

from __future__ import annotations

import asyncio
from collections import deque


class Line:
    """First come, first served, one at a time, `capacity` a second (None: nobody waits).

    It holds what real servers hold: work that was taken in. Whoever leaves before its turn still takes its turn,
    and another capacity finds the same people waiting. So an overload outlives its cause where the callers come
    again faster than the line gets shorter.
    """

    def __init__(self, capacity: float | None) -> None:
        self._capacity = capacity
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._due = 0.0  # when the first one is served, in the loop's time
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    async def turn(self) -> None:
        """Returns when it is the caller's turn."""
        if self._capacity is None:
            return
        loop = asyncio.get_running_loop()
        mine = loop.create_future()
        self._waiting.append(mine)
        if self._timer is None:
            # A turn that came late has not cost the next one anything: the line is as fast as its capacity.
            self._start(loop, max(self._due, loop.time()) + 1 / self._capacity)
        await mine

    def change(self, capacity: float | None) -> None:
        """Another capacity from now on, for the one who is being served too."""
        old, self._capacity = self._capacity, capacity
        if self._timer is None:
            return
        self._timer.cancel()
        self._timer = None
        loop = asyncio.get_running_loop()
        if capacity is None or old is None:
            self._due = loop.time()
            while self._waiting:
                self._release()
        else:
            left = max(0.0, self._due - loop.time()) * old
            self._start(loop, loop.time() + left / capacity)

    def _start(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        self._due = due
        self._timer = loop.call_at(due, self._serve)

    def _serve(self) -> None:
        self._timer = None
        self._release()
        if self._waiting and self._capacity is not None:
            self._start(asyncio.get_running_loop(), self._due + 1 / self._capacity)

    def _release(self) -> None:
        first = self._waiting.popleft()
        if not first.done():
            first.set_result(None)

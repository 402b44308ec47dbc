"""Who watches: each state is written once for all of them, and who is slow misses states, never events."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from aiohttp import web

from chaosmesh.engine.tower.state import EventState, State, encoded
from chaosmesh.engine.tower.tower import Tower

WAITING: Final = 256
"""Events that wait for one watcher."""
WATCHERS: Final = 64


class _Watcher:
    """One connection."""

    def __init__(self) -> None:
        self.state: bytes | None = None
        self.events: deque[bytes] = deque(maxlen=WAITING)
        self.news = asyncio.Event()

    def take(self) -> list[bytes]:
        """What is new, events first."""
        found = list(self.events)
        self.events.clear()
        if self.state is not None:
            found.append(self.state)
            self.state = None
        self.news.clear()
        return found


class Audience:
    """All of them. `whole` is the state with its history, written at most once a second."""

    def __init__(self, tower: Tower) -> None:
        self._tower = tower
        self._watchers: set[_Watcher] = set()
        self._frame: bytes | None = None
        self._whole: asyncio.Future[bytes] | None = None
        self._over = False
        self._writing: set[asyncio.Task[None]] = set()
        tower.ticked.append(self._ticked)
        tower.story.told.append(self._happened)

    async def whole(self) -> bytes:
        """The whole state as JSON."""
        if self._whole is None:
            self._whole = asyncio.ensure_future(asyncio.to_thread(encoded, self._tower.whole()))
        return await asyncio.shield(self._whole)

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events until the watcher leaves."""
        if len(self._watchers) >= WATCHERS:
            raise web.HTTPServiceUnavailable(reason="too many watch already")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        watcher = _Watcher()
        watcher.state = self._frame or _frame("state", encoded(self._tower.state))
        watcher.news.set()
        self._watchers.add(watcher)
        try:
            while not self._over:
                await watcher.news.wait()
                for frame in watcher.take():
                    await response.write(frame)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._watchers.discard(watcher)
        return response

    def end(self) -> None:
        """Everybody is sent home."""
        self._over = True
        for one in self._watchers:
            one.news.set()

    def _ticked(self, state: State) -> None:
        self._whole = None
        task = asyncio.create_task(self._write(state))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _write(self, state: State) -> None:
        """On a thread: a large mesh is some 100 kB."""
        self._frame = _frame("state", await asyncio.to_thread(encoded, state))
        for one in self._watchers:
            one.state = self._frame
            one.news.set()

    def _happened(self, event: EventState) -> None:
        self._whole = None
        frame = _frame("event", encoded(event))
        for one in self._watchers:
            one.events.append(frame)
            one.news.set()


def _frame(name: str, body: bytes) -> bytes:
    return b"".join((b"event: ", name.encode(), b"\ndata: ", body, b"\n\n"))

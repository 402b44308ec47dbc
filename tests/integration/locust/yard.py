"""Locust's real command with its workers at a door of ours, against a server with good manners."""

from __future__ import annotations

import asyncio
import json
import socket
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from chaosmesh.errors import ChaosMeshError
from chaosmesh.load import Record, RequestSpec, Running, Stream, StreamReport
from chaosmesh.load.door import Door, Intent, Opening
from chaosmesh.load.plan import Closed
from chaosmesh.runtime import probe
from chaosmesh.web.locusts import Locusts, Setup
from tests.integration.load_server import Seen, Spawned, server

MIX = (RequestSpec(path="/"), RequestSpec(path="/large?a=b", weight=0.5))


@dataclass
class Yard:
    """What main would do with what comes in at the door, and the web UI."""

    url: str
    seen: Seen
    spawned: Spawned
    door: Door
    locusts: Any = None
    most: float = 1000.0
    openings: list[Opening] = field(default_factory=list)
    running: list[Running] = field(default_factory=list)
    records: dict[int, list[Record]] = field(default_factory=dict)
    ends: dict[int, StreamReport | ChaosMeshError] = field(default_factory=dict)
    sent: Counter[int] = field(default_factory=Counter)
    users: dict[int, tuple[int, float]] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)

    def intent(self, intent: Intent) -> str:
        if intent.url != self.url:
            return f"{intent.url} is not the mesh's entry {self.url}; load stays on this machine"
        return "" if (intent.rate or 0) <= self.most else f"limits.rate is {self.most:g}"

    def opened(self, opening: Opening) -> Stream | str:
        self.openings.append(opening)
        number = len(self.openings)
        self.records[number] = []
        closed = Closed(opening.file, opening.users) if opening.file else None
        return Stream(
            number,
            opening.name,
            self.url,
            "front.local",
            MIX,
            opening.rate or 1.0,
            timeout=5.0,
            closed=closed,
        )

    def done(self, stream: Stream, report: StreamReport | ChaosMeshError) -> None:
        self.ends[stream.id] = report

    async def ask(self, path: str, **form: object) -> Any:
        """JSON of the web UI; with a form it is a POST."""
        data = urllib.parse.urlencode(form).encode() if form else None

        def asked() -> Any:
            with urllib.request.urlopen(self.locusts.url + path, data, timeout=60) as answer:
                return json.load(answer)

        return await asyncio.to_thread(asked)

    async def swarm(self, users: int, **form: object) -> Any:
        """What the form's button does."""
        return await self.ask(
            "/swarm", **{"user_count": users, "spawn_rate": users, "host": self.url, **form}
        )

    async def stop(self) -> None:
        """What the stop button does; the streams have ended afterwards."""
        await self.ask("/stop", x="")
        # what the workers have told before that may still lie at the door
        await self.until("the streams have ended", lambda: len(self.ends) == len(self.openings))

    async def until(self, what: str, is_true: Callable[[], object], within: float = 60) -> None:
        """Waits for a condition."""

        async def look() -> str:
            return "" if is_true() else f"{self.openings} {self.users} {self.ends}"

        await probe.until(what, look, within=within)

    def log(self, name: str = "locust") -> str:
        return (self.locusts._logs / f"{name}.log").read_text()


def with_yard(folder: Path, scenario: Callable[[Yard], Awaitable[None]], **setup: Any) -> None:
    """Runs a scenario; nothing is left afterwards."""

    async def main() -> None:
        async with server() as (url, seen):
            door = Door(folder / "door")
            yard = Yard(url, seen, Spawned(), door)
            door.on_intent, door.on_open, door.on_done = yard.intent, yard.opened, yard.done
            door.on_running = yard.running.append
            door.on_records = lambda stream, records: yard.records[stream.id].extend(records)
            door.on_sent = lambda stream, sent: yard.sent.update({stream.id: sum(many for _, many in sent)})
            door.on_users = lambda stream, users, rate: yard.users.update({stream.id: (users, rate)})
            await door.start()
            yard.locusts = Locusts(door, yard.spawned, folder, Setup(host=url, port=free_port(), **setup))
            yard.locusts.on_lost = yard.lost.append
            try:
                await yard.locusts.start()
                await scenario(yard)
            finally:
                await yard.locusts.close()
                await door.close()
        for process in yard.spawned.processes:
            assert await process.wait() is not None

    asyncio.run(asyncio.wait_for(main(), 150))


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def host_of(url: str) -> str:
    return urlsplit(url).netloc

"""What is said at the door, byte by byte: a small client of ours instead of Locust."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from chaosmesh.errors import EnvironmentFailedError
from chaosmesh.load import Record, RequestSpec, Running, Stream, StreamReport, wire
from chaosmesh.load.door import Door, Opening


class Client:
    """One Locust process."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer
        self._frames = wire.Frames()

    async def say(self, **message: Any) -> None:
        self.writer.write(wire.control(message))
        await self.writer.drain()

    async def hear(self) -> Mapping[str, Any]:
        while data := await asyncio.wait_for(self._reader.read(1 << 16), 30):
            for _, payload in self._frames.feed(data):
                return wire.read_control(payload)
        raise EOFError

    async def open(self, ask: int = 1, **more: Any) -> Mapping[str, Any]:
        told = {"name": "passengers", "url": "http://127.0.0.1:1", "users": 3, "rate": 3.0, "file": None}
        await self.say(**{"is": "opens", "ask": ask, **told, **more})
        return await self.hear()


class Owner:
    """Takes what comes."""

    def __init__(self, door: Door) -> None:
        self.openings: list[Opening] = []
        self.records: list[Record] = []
        self.sent: list[tuple[int, int, int]] = []
        self.users: list[tuple[int, int, float]] = []
        self.running: list[Running] = []
        self.ended: asyncio.Queue[Any] = asyncio.Queue()
        door.on_open = self.open
        door.on_records = lambda _, records: self.records.extend(records)
        door.on_sent = lambda _, sent: self.sent.extend((*one, len(self.records)) for one in sent)
        door.on_users = lambda stream, users, rate: self.users.append((stream.id, users, rate))
        door.on_running = self.running.append
        door.on_done = lambda _, report: self.ended.put_nowait(report)
        door.on_intent = lambda intent: "" if intent.users < 10 else f"{intent.users} are too many"

    def open(self, opening: Opening) -> Stream | str:
        self.openings.append(opening)
        if opening.url != "http://127.0.0.1:1":
            return "elsewhere"
        return Stream(len(self.openings), opening.name, opening.url, "front", (RequestSpec(),), 1.0)


def at_the_door(folder: Path, scenario: Callable[[Door, Owner, Client], Awaitable[None]]) -> None:
    async def main() -> None:
        door = Door(folder / "door")
        owner = Owner(door)
        await door.start()
        client = Client(*await asyncio.open_unix_connection(door.path))
        await client.say(**{"is": "joins", "role": "worker", "pid": 4711})
        try:
            await scenario(door, owner, client)
        finally:
            client.writer.close()
            await door.close()
        assert not door.path.exists()

    asyncio.run(asyncio.wait_for(main(), 60))


def row(seq: int) -> wire.Row:
    return (seq, 0, 1_000, 2_000, 3_000, 200, 5, wire.NO_GRPC, "")


def test_a_stream_gets_its_number_and_ends_with_a_report(tmp_path: Path) -> None:
    async def scenario(door: Door, owner: Owner, client: Client) -> None:
        answer = await client.open()
        stream = wire.stream_from_json(answer["stream"])
        assert (stream.id, stream.host, answer["why"], answer["ask"]) == (1, "front", "", 1)
        assert owner.openings == [Opening("passengers", 4711, "http://127.0.0.1:1", 3, 3.0, None)]
        await client.say(**{"is": "started", "stream": 1, "started_ns": 500})
        await client.say(**{"is": "users", "stream": 1, "users": 2, "rate": 2.0})
        client.writer.write(wire.records(1, [], [(7, 2)]))
        client.writer.write(wire.records(1, [row(0), row(1)]))
        totals = {"sent": 2, "dropped": 1, "retried": 0, "cpu_s": 0.5}
        await client.say(**{"is": "done", "stream": 1, **totals})
        report = await owner.ended.get()
        assert isinstance(report, StreamReport)
        assert (report.sent, report.dropped, report.finished, report.planned) == (2, 1, 2, 3)
        assert report.lag_p99_ms == 0.001
        assert [one.seq for one in owner.records] == [0, 1]
        assert owner.sent == [(7, 2, 0)]  # before any of them had ended
        assert owner.users == [(1, 2, 2.0)]
        assert owner.running[0].ended
        assert door.pids == [4711]

    at_the_door(tmp_path, scenario)


def test_who_was_late_is_told(tmp_path: Path) -> None:
    async def scenario(door: Door, owner: Owner, client: Client) -> None:
        await client.open()
        client.writer.write(wire.records(1, [row(0)]))
        totals = {"sent": 1, "dropped": 1, "retried": 0, "cpu_s": 0.5}
        await client.say(**{"is": "done", "stream": 1, **totals})
        note = await client.hear()
        assert note["do"] == "note"
        assert "1 of 2 planned requests" in note["text"]

    at_the_door(tmp_path, scenario)


def test_who_may_not_is_told_why(tmp_path: Path) -> None:
    async def scenario(door: Door, owner: Owner, client: Client) -> None:
        await client.say(**{"is": "intends", "ask": 7, "url": "u", "users": 12, "rate": None})
        assert await client.hear() == {"do": "answer", "ask": 7, "why": "12 are too many"}
        assert (await client.open(8, url="http://10.0.0.1"))["why"] == "elsewhere"
        assert not owner.running

    at_the_door(tmp_path, scenario)


def test_who_hangs_up_in_the_middle_leaves_an_error(tmp_path: Path) -> None:
    async def scenario(door: Door, owner: Owner, client: Client) -> None:
        await client.open()
        client.writer.close()
        error = await owner.ended.get()
        assert isinstance(error, EnvironmentFailedError)
        assert "pid 4711" in error.message
        assert owner.running[0].ended

    at_the_door(tmp_path, scenario)


def test_everybody_hears_the_stop(tmp_path: Path) -> None:
    async def scenario(door: Door, owner: Owner, client: Client) -> None:
        other = Client(*await asyncio.open_unix_connection(door.path))
        await other.say(**{"is": "joins", "role": "master", "pid": 4712, "port": 9})
        await other.open()
        door.stop_all("enough")
        assert await client.hear() == await other.hear() == {"do": "stop", "why": "enough"}
        owner.running[0].stop()
        assert (await other.hear())["do"] == "stop"
        other.writer.close()

    at_the_door(tmp_path, scenario)

"""Where Locust processes that others run come in: each tells what it is about to send, sends its records, obeys a stop.

Main's side. A process (a worker, or a single one) opens a stream of its own, and main gives it the number that stands in
its request ids; the process that leads a test asks before it begins.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaosmesh.errors import ChaosMeshError, EnvironmentFailedError
from chaosmesh.load import wire
from chaosmesh.load.plan import Record, Stream, StreamReport
from chaosmesh.load.running import Running
from chaosmesh.load.sends import Sent


@dataclass(frozen=True, slots=True)
class Intent:
    """A test that is about to begin, or to change: so many `users` against `url`.

    `rate`: requests a second of all of them; None where users wait for their answers and nobody knows.
    """

    url: str
    users: int
    rate: float | None


@dataclass(frozen=True, slots=True)
class Opening:
    """One process's part of a test. `rate`: its share (requests a second) as planned; `file`: the locustfile of users
    who wait for their answers, None for passengers."""

    name: str
    pid: int
    url: str
    users: int
    rate: float | None
    file: str | None = None


class Door:
    """A server on a unix socket; its owner sets the callbacks, all called on the event loop.

    `on_intent` says why a test may not begin ("" if it may), `on_open` gives a stream or says why there is none.
    `on_running` gets the stream's handle (stop it, wait for its report) as soon as it sends. Then come `on_sent`,
    `on_records` and `on_users` (users and requests a second of this process, present), and at last `on_done` with the
    report, or with what went wrong. `on_join` hears of each process: its role and what it tells of itself.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.on_join: Callable[[str, Mapping[str, Any]], None] = lambda _role, _told: None
        self.on_intent: Callable[[Intent], str] = lambda _: ""
        self.on_open: Callable[[Opening], Stream | str] = lambda _: "nobody takes what is sent"
        self.on_running: Callable[[Running], None] = lambda _: None
        self.on_records: Callable[[Stream, list[Record]], None] = lambda _stream, _records: None
        self.on_sent: Callable[[Stream, Sent], None] = lambda _stream, _sent: None
        self.on_users: Callable[[Stream, int, float], None] = lambda _stream, _users, _rate: None
        self.on_done: Callable[[Stream, StreamReport | ChaosMeshError], None] = lambda _stream, _report: None
        self._server: asyncio.Server | None = None
        self._visitors: set[_Visitor] = set()

    async def start(self) -> None:
        """Listens; the folder of the socket must be this user's alone."""
        self._server = await asyncio.start_unix_server(self._visit, self.path)

    async def close(self) -> None:
        """Turns everybody out; streams that still run end with an error. Harmless when called again."""
        if self._server is not None:
            self._server.close()
        for one in tuple(self._visitors):
            one.leave()
        self.path.unlink(missing_ok=True)

    def stop_all(self, why: str = "") -> None:
        """Every Locust process stops its test now, and says why in its log."""
        for one in self._visitors:
            one.say({"do": "stop", "why": why})

    @property
    def pids(self) -> list[int]:
        """Processes that are here."""
        return [one.pid for one in self._visitors if one.pid]

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visitor = _Visitor(self, writer)
        self._visitors.add(visitor)
        frames = wire.Frames()
        try:
            with suppress(ConnectionError):
                while data := await reader.read(1 << 18):
                    for kind, payload in frames.feed(data):
                        visitor.hear(kind, payload)
        finally:
            self._visitors.discard(visitor)
            visitor.gone()


class _Visitor:
    """One Locust process."""

    def __init__(self, door: Door, writer: asyncio.StreamWriter) -> None:
        self._door = door
        self._writer = writer
        self._streams: dict[int, Running] = {}
        self.pid = 0

    def say(self, message: Mapping[str, Any]) -> None:
        """Sends one control message."""
        if not self._writer.is_closing():
            self._writer.write(wire.control(message))

    def hear(self, kind: wire.Kind, payload: bytes) -> None:
        """Takes one frame."""
        if kind is wire.Kind.RECORDS:
            number, records, sent = wire.read_records(payload)
            self._streams[number].deliver(records, sent)
            return
        message = wire.read_control(payload)
        match message["is"]:
            case "joins":
                self.pid = message["pid"]
                self._door.on_join(message["role"], message)
            case "intends":
                intent = Intent(message["url"], message["users"], message["rate"])
                self.say({"do": "answer", "ask": message["ask"], "why": self._door.on_intent(intent)})
            case "opens":
                self.say({"do": "answer", "ask": message["ask"], **self._opened(message)})
            case "started":
                self._streams[message["stream"]].started_ns = message["started_ns"]
            case "users":
                stream = self._streams[message["stream"]].stream
                self._door.on_users(stream, message["users"], message["rate"])
            case "done":
                self._done(message)

    def gone(self) -> None:
        """It hung up: what it still sent ends with an error."""
        error = EnvironmentFailedError(
            f"a Locust process (pid {self.pid}) has ended in the middle of a test", hint="see its log"
        )
        for running in self._streams.values():
            running.fail(error)
            self._door.on_done(running.stream, error)
        self._streams.clear()
        self.leave()

    def leave(self) -> None:
        """Hangs up."""
        self._writer.close()

    def _opened(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        opening = Opening(
            message["name"], self.pid, message["url"], message["users"], message["rate"], message["file"]
        )
        stream = self._door.on_open(opening)
        if isinstance(stream, str):
            return {"why": stream, "stream": None}
        running = Running(
            stream,
            lambda records: self._door.on_records(stream, records),
            self._stop,
            on_sent=lambda sent: self._door.on_sent(stream, sent),
        )
        self._streams[stream.id] = running
        self._door.on_running(running)
        return {"why": "", "stream": wire.stream_to_json(stream)}

    def _stop(self) -> None:
        self.say({"do": "stop", "why": "stopped by chaosmesh"})

    def _done(self, message: Mapping[str, Any]) -> None:
        running = self._streams.pop(message["stream"])
        report = running.finish(message)
        if late := report.late():
            self.say({"do": "note", "text": late})
        self._door.on_done(running.stream, report)

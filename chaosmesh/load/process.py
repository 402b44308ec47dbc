"""The generator's processes as main sees them: started once, kept warm, several streams at once."""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from chaosmesh.errors import DeadlineError, EnvironmentFailedError, UsageError, Where
from chaosmesh.load import wire
from chaosmesh.load.child import Child
from chaosmesh.load.part import TOKEN
from chaosmesh.load.plan import Stream
from chaosmesh.load.running import OnRecords, Running
from chaosmesh.load.sends import OnSent, unheard
from chaosmesh.load.targets import check_stream, checked_bind, networks
from chaosmesh.services.descriptors import how_to_raise

Spawn = Callable[[str, Sequence[str], Mapping[str, str], Path], Awaitable[int]]
"""Starts a program: name, argv, additions to the environment, log file; answers its pid."""

_START_S = 60.0
_JOIN_S = 600.0  # for workers that somebody starts by hand
_ANSWER_S = 20.0
_END_S = 5.0
_LOG_LINES = 8
_LOOPBACK = "127.0.0.1:0"


class LoadProcess:
    """Locust in a process of its own, or in several: a master and its workers. Spoken to over a unix socket."""

    def __init__(
        self,
        *,
        allowed: Sequence[str] = (),
        workers: int = 1,
        bind: str = "",
        locustfile: Path | None = None,
        say: Callable[[str], None] = print,
    ) -> None:
        """`allowed` are addresses or networks that may be loaded besides loopback.

        `bind` ("10.0.0.1:5557") is where workers from elsewhere may join: then all of them do, and none is started
        here. `say` is told how. With a `locustfile` the process runs its users, and closed streams only.
        """
        self.pid = 0
        self.workers = workers
        self._bind = checked_bind(bind)
        self._locustfile = locustfile
        self._tell = say
        self._allowed = networks(allowed)
        self._streams: dict[int, Running] = {}
        self._answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._children: list[Child] = []
        self._lost = False
        self._log = Path()
        self._home: Path | None = None
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None

    def allow(self, network: str) -> None:
        """One more network (or address) that may be loaded."""
        self._allowed = (*self._allowed, *networks((network,)))

    async def start(self, spawn: Spawn, folder: Path, run: str) -> None:
        """Starts the processes and waits until they are warm; the log is `folder/load.log`."""
        self._log = folder / "load.log"
        # A run folder's path may be too long for a unix socket.
        self._home = Path(tempfile.mkdtemp(prefix="chaosmesh-load-"))
        path = self._home / "socket"
        ready = self._expect("ready")
        self._server = await asyncio.start_unix_server(self._connected, path)
        try:
            if self.workers == 1 and not self._bind:
                program = ("users_main", "locust_main")[self._locustfile is None]
                argv = [sys.executable, "-m", f"chaosmesh.load.{program}", str(path)]
                argv += [] if self._locustfile is None else [str(self._locustfile)]
                await self._spawn(spawn, f"load-{run}", argv, {}, self._log)
            else:
                await self._start_crew(spawn, folder, run, str(path))
            await self._answer("ready", ready, _JOIN_S if self._bind else _START_S)
        except BaseException:
            await self.close()
            raise
        self._shut_door()  # so that a killed main leaves no socket behind

    async def begin(self, stream: Stream, on_records: OnRecords, on_sent: OnSent = unheard) -> Running:
        """Starts a stream; raises UsageError for one that can't or mustn't run."""
        check_stream(stream, self._allowed)
        if stream.id in self._streams:
            raise UsageError(f"stream {stream.name}: id {stream.id} is running already")
        running = Running(
            stream, on_records, lambda: self._say({"do": "stop", "stream": stream.id}), self.workers, on_sent
        )
        key = f"started {stream.id}"
        answer = self._expect(key)
        self._streams[stream.id] = running
        self._say({"do": "begin", "stream": wire.stream_to_json(stream)})
        try:
            said = await self._answer(key, answer, _ANSWER_S)
        except BaseException:
            running.stop()  # nobody would
            raise
        if said["is"] == "refused":
            del self._streams[stream.id]
            raise UsageError(f"stream {stream.name}: {said['why']}", hint="see docs/load.md, workers")
        running.started_ns = said["started_ns"]
        return running

    async def statistics(self) -> list[dict[str, Any]]:
        """Locust's own table: method, name, requests, failures, percentiles in ms from the intended time."""
        answer = self._expect("statistics")
        self._say({"do": "statistics"})
        rows: list[dict[str, Any]] = (await self._answer("statistics", answer, _ANSWER_S))["rows"]
        return rows

    async def close(self) -> None:
        """Ends the processes; a stream that still runs ends with an error. Harmless when called again."""
        if self._writer is not None:
            self._writer.close()
        # They end by themselves when the socket closes; what never connected won't.
        patience = _END_S if self._writer is not None else 0.0
        await asyncio.gather(*(one.end(patience) for one in self._children))
        self._shut_door()

    async def _start_crew(self, spawn: Spawn, folder: Path, run: str, path: str) -> None:
        token = secrets.token_hex(16)
        listening = self._expect("listening")
        address = self._bind or _LOOPBACK
        argv = (sys.executable, "-m", "chaosmesh.load.master_main", path, str(self.workers), address)
        await self._spawn(spawn, f"load-{run}", argv, {TOKEN: token}, self._log)
        port = str((await self._answer("listening", listening, _START_S))["port"])
        host = address.rpartition(":")[0]
        if self._bind:
            command = f"{TOKEN}={token} python -m chaosmesh.load.worker_main {host} {port}"
            self._tell(f"chaosmesh: waiting for {self.workers} workers; start each of them with: {command}")
            return
        worker = (sys.executable, "-m", "chaosmesh.load.worker_main", host, port)
        for number in range(self.workers):
            log = folder / f"load-worker-{number}.log"
            await self._spawn(spawn, f"load-{run}-{number}", worker, {TOKEN: token}, log)

    async def _spawn(
        self, spawn: Spawn, name: str, argv: Sequence[str], env: Mapping[str, str], log: Path
    ) -> None:
        child = Child(await spawn(name, argv, env, log), self._ended)
        self._children.append(child)
        self.pid = self.pid or child.pid

    def _shut_door(self) -> None:
        if self._server is not None:
            self._server.close()
        if self._home is not None:
            shutil.rmtree(self._home, ignore_errors=True)

    def _expect(self, key: str) -> asyncio.Future[dict[str, Any]]:
        if self._lost:
            raise self._death(self.pid)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[key] = answer
        return answer

    async def _answer(
        self, key: str, answer: asyncio.Future[dict[str, Any]], seconds: float
    ) -> dict[str, Any]:
        try:
            return await asyncio.wait_for(answer, seconds)
        except TimeoutError as error:
            raise DeadlineError(
                f"the load generator (pid {self.pid}) did not say {key!r} within {seconds:g} s; its log: {self._tail()}",
                hint=f"see {self._log}",
            ) from error
        finally:
            self._answers.pop(key, None)

    def _say(self, message: Mapping[str, Any]) -> None:
        if self._writer is not None and not self._lost:
            self._writer.write(wire.control(message))

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        frames = wire.Frames()
        with suppress(ConnectionError):
            while data := await reader.read(1 << 18):
                for kind, payload in frames.feed(data):
                    self._received(kind, payload)

    def _received(self, kind: wire.Kind, payload: bytes) -> None:
        if kind is wire.Kind.RECORDS:
            stream, records, sent = wire.read_records(payload)
            self._streams[stream].deliver(records, sent)
            return
        message = wire.read_control(payload)
        if message["is"] == "done":
            self._streams.pop(message["stream"]).finish(message)
            return
        if message["is"] == "bad":
            self._refuse(message)
            return
        about = message["is"] in ("started", "refused")
        answer = self._answers.get(f"started {message['stream']}" if about else message["is"])
        if answer is not None and not answer.done():
            answer.set_result(message)

    def _refuse(self, message: Mapping[str, Any]) -> None:
        answer = self._answers.get("ready")
        if answer is not None and not answer.done():
            place = Where(message["file"], message["line"])
            answer.set_exception(UsageError(message["error"], where=place, hint=message["hint"]))

    def _ended(self, child: Child) -> None:
        """One process less is no generator any more, for whatever reason it has ended."""
        if self._lost:
            return
        self._lost = True
        if self._writer is not None:
            self._writer.close()  # the others end too
        death = self._death(child.pid)
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(death)
        for running in self._streams.values():
            running.fail(death)
        self._streams.clear()

    def _death(self, pid: int) -> EnvironmentFailedError:
        tail, hint = self._tail(), f"see {self._log}"
        if os.strerror(errno.EMFILE) in tail:
            hint += f"; for more open files: {how_to_raise()}"
        return EnvironmentFailedError(f"the load generator (pid {pid}) has ended; its log: {tail}", hint=hint)

    def _tail(self) -> str:
        with suppress(OSError):
            logs = [self._log, *sorted(self._log.parent.glob("load-worker-*.log"))]
            lines = [line for log in logs for line in log.read_text(errors="replace").splitlines()]
            return "\n".join(lines[-_LOG_LINES:]) or "empty"
        return "missing"

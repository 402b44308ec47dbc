"""The generator's process as main sees it: started once, kept warm, several streams at once."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from chaosmesh.errors import DeadlineError, EnvironmentFailedError, UsageError
from chaosmesh.load import wire
from chaosmesh.load.plan import Stream
from chaosmesh.load.running import OnRecords, Running
from chaosmesh.load.targets import check_stream, networks

Spawn = Callable[[str, Sequence[str], Mapping[str, str], Path], Awaitable[int]]
"""Starts a program: name, argv, additions to the environment, log file; answers its pid."""

_START_S = 60.0
_ANSWER_S = 20.0
_END_S = 5.0
_LOG_LINES = 8


class LoadProcess:
    """Locust in a process of its own, spoken to over a unix socket."""

    def __init__(self, *, allowed: Sequence[str] = ()) -> None:
        """`allowed` are addresses or networks that may be loaded besides loopback."""
        self.pid = 0
        self._allowed = networks(allowed)
        self._streams: dict[int, Running] = {}
        self._answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._ended = asyncio.Event()
        self._pidfd = -1
        self._log = Path()
        self._home: Path | None = None
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def start(self, spawn: Spawn, folder: Path, run: str) -> None:
        """Starts the process and waits until it is warm; its log is `folder/load.log`."""
        self._log = folder / "load.log"
        # A run folder's path may be too long for a unix socket.
        self._home = Path(tempfile.mkdtemp(prefix="chaosmesh-load-"))
        path = self._home / "socket"
        ready = self._expect("ready")
        self._server = await asyncio.start_unix_server(self._connected, path)
        argv = (sys.executable, "-m", "chaosmesh.load.locust_main", str(path))
        try:
            self.pid = await spawn(f"load-{run}", argv, {}, self._log)
            self._pidfd = os.pidfd_open(self.pid)
            asyncio.get_running_loop().add_reader(self._pidfd, self._lost)
            await self._answer("ready", ready, _START_S)
        except BaseException:
            await self.close()
            raise
        self._shut_door()  # so that a killed main leaves no socket behind

    async def begin(self, stream: Stream, on_records: OnRecords) -> Running:
        """Starts a stream; raises UsageError for one that can't or mustn't run."""
        check_stream(stream, self._allowed)
        if stream.id in self._streams:
            raise UsageError(f"stream {stream.name}: id {stream.id} is running already")
        running = Running(stream, on_records, lambda: self._say({"do": "stop", "stream": stream.id}))
        key = f"started {stream.id}"
        answer = self._expect(key)
        self._streams[stream.id] = running
        self._say({"do": "begin", "stream": wire.stream_to_json(stream)})
        try:
            running.started_ns = (await self._answer(key, answer, _ANSWER_S))["started_ns"]
        except BaseException:
            running.stop()  # nobody would
            raise
        return running

    async def statistics(self) -> list[dict[str, Any]]:
        """Locust's own table: method, name, requests, failures, percentiles in ms from the intended time."""
        answer = self._expect("statistics")
        self._say({"do": "statistics"})
        rows: list[dict[str, Any]] = (await self._answer("statistics", answer, _ANSWER_S))["rows"]
        return rows

    async def close(self) -> None:
        """Ends the process; a stream that still runs ends with an error. Harmless when called again."""
        if self._writer is not None:
            self._writer.close()
        if self._pidfd >= 0 and not self._ended.is_set():
            await self._end_process()
        self._shut_door()

    def _shut_door(self) -> None:
        if self._server is not None:
            self._server.close()
        if self._home is not None:
            shutil.rmtree(self._home, ignore_errors=True)

    async def _end_process(self) -> None:
        if self._writer is not None:  # it ends by itself when the socket closes
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), _END_S)
                return
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        await asyncio.wait_for(self._ended.wait(), _END_S)

    def _expect(self, key: str) -> asyncio.Future[dict[str, Any]]:
        if self._ended.is_set():
            raise self._death()
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
        if self._writer is not None and not self._ended.is_set():
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
            stream, records = wire.read_records(payload)
            self._streams[stream].deliver(records)
            return
        message = wire.read_control(payload)
        if message["is"] == "done":
            self._streams.pop(message["stream"]).finish(message)
            return
        key = f"started {message['stream']}" if message["is"] == "started" else message["is"]
        answer = self._answers.get(key)
        if answer is not None and not answer.done():
            answer.set_result(message)

    def _lost(self) -> None:
        """Runs once, when the process has ended for whatever reason."""
        asyncio.get_running_loop().remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._ended.set()
        death = self._death()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(death)
        for running in self._streams.values():
            running.fail(death)
        self._streams.clear()

    def _death(self) -> EnvironmentFailedError:
        return EnvironmentFailedError(
            f"the load generator (pid {self.pid}) has ended; its log: {self._tail()}", hint=f"see {self._log}"
        )

    def _tail(self) -> str:
        with suppress(OSError):
            lines = self._log.read_text(errors="replace").splitlines()
            return "\n".join(lines[-_LOG_LINES:]) or "empty"
        return "missing"

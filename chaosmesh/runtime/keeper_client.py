"""The run's side of the keeper: starts it and talks to it from asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chaosmesh.errors import DeadlineError, EnvironmentFailedError, KeeperLostError
from chaosmesh.runtime import procs
from chaosmesh.runtime.heal import Heal
from chaosmesh.services.config import StandIn

AGAIN = "run it again; the log of the keeper is in the run folder"
START_DEADLINE = 20.0  # seconds until a new keeper must have answered, on a busy machine
ANSWER_DEADLINE = 60.0  # seconds until a command must be answered; forks and heals take milliseconds


@dataclass(frozen=True, slots=True)
class Ticks:
    """The keeper's 10 ms ticks so far, and how many of them came more than 50 ms late."""

    total: int
    late: int


class Keeper:
    """A running keeper. `lost` is set to the reason when it ended although nobody closed it.

    `on_exit(name, pid, status)` hears of every process that ends (status < 0: the signal),
    `on_healed(lease, problems)` of every lease that ran out.
    """

    _process: subprocess.Popen[bytes]
    _writer: asyncio.StreamWriter
    _reading: asyncio.Task[None]

    def __init__(self, run: str, folder: Path) -> None:
        self.run = run
        self.folder = folder
        self.pid = 0
        self.on_exit: Callable[[str, int, int], None] = lambda _name, _pid, _status: None
        self.on_healed: Callable[[str, Sequence[str]], None] = lambda _lease, _problems: None
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._number = 0
        self._closing = False
        self._hello: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @classmethod
    async def start(cls, run: str, folder: Path) -> Keeper:
        """Starts a keeper for `run`; logs go to `folder`/logs. EnvironmentFailedError when it does not come up."""
        keeper = cls(run, folder)
        ours, theirs = socket.socketpair()
        with theirs:
            keeper._process = keeper._launch(theirs)
        keeper.pid = keeper._process.pid
        try:
            await keeper._greeted(ours)
        except BaseException:  # nothing was started by it yet
            keeper._process.kill()
            keeper._process.wait()
            raise
        return keeper

    async def _greeted(self, ours: socket.socket) -> None:
        reader, self._writer = await asyncio.open_connection(sock=ours, limit=1 << 20)
        self._reading = asyncio.create_task(self._read(reader))
        done, _ = await asyncio.wait(
            {self._hello, self._reading}, timeout=START_DEADLINE, return_when=asyncio.FIRST_COMPLETED
        )
        if self._hello not in done:
            raise EnvironmentFailedError(f"the keeper did not start: {self._tail()}")

    async def guarded(self, work: Awaitable[Any]) -> Any:
        """What comes of `work`; ends it with KeeperLostError when the keeper dies meanwhile, and when this call is cancelled."""
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait({task, self.lost}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
        finally:
            if not task.done():
                task.cancel()
                with contextlib.suppress(BaseException):
                    await task
        raise KeeperLostError(self.lost.result(), hint=AGAIN)

    async def spawn(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        log: Path | None = None,
        folder: str = "",
    ) -> int:
        """Starts a program under `name` (unique among what runs) in `folder` (default: this process's); output goes to
        `log`. Returns its pid."""
        own = dict(env or {})
        return int(
            await self._ask("spawn", name=name, argv=list(argv), env=own, log=_text(log), folder=folder)
        )

    async def fork_standin(self, name: str, config: StandIn, *, log: Path | None = None) -> int:
        """Starts a stand-in under `name`; returns its pid. It may not accept connections yet."""
        path = log or self.folder / "logs" / f"{name}.log"
        return int(await self._ask("fork", name=name, standin=asdict(config), log=_text(path)))

    async def signal(self, name: str, signal: int) -> bool:
        """Sends a signal; False when nothing of that name runs."""
        return bool(await self._ask("signal", name=name, signal=int(signal)))

    async def stop(self, name: str, deadline: float = 5.0) -> int | None:
        """SIGTERM, after `deadline` seconds SIGKILL. Returns the exit status, None when it did not run."""
        answer = await self._ask("stop", within=deadline, name=name, deadline=deadline)
        return None if answer is False else int(answer)

    async def lease(self, lease_id: str, heal: Sequence[Heal], ttl: float) -> None:
        """Registers how to undo a fault *before* it is made; unless renewed it is undone after `ttl` seconds,
        and when this process or the run ends."""
        await self._ask("lease", lease=lease_id, heal=[one.to_json() for one in heal], ttl=ttl)

    async def renew(self, lease_id: str) -> bool:
        """Another `ttl` from now; False when the lease has run out and was healed."""
        return bool(await self._ask("renew", lease=lease_id))

    async def release(self, lease_id: str) -> bool:
        """Forgets a lease whose fault its owner has healed; False when it had run out."""
        return bool(await self._ask("release", lease=lease_id))

    async def ticks(self) -> Ticks:
        """How punctual the host was so far; take the difference of two for a span."""
        return Ticks(**await self._ask("ticks"))

    async def close(self) -> None:
        """Heals every lease, kills everything that was started and ends the keeper. Safe to call twice."""
        if self._closing:
            return
        self._closing = True
        if not self.lost.done():
            with contextlib.suppress(KeeperLostError, DeadlineError):
                await self._ask("close")
        self._writer.close()
        await self._reading
        try:
            await asyncio.to_thread(self._process.wait, ANSWER_DEADLINE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        procs.kill_marked(self.run)

    def give_up(self, why: str) -> None:
        """The run can't go on although its keeper lives: whoever waits for `lost` hears why."""
        if not self._closing and not self.lost.done():
            self.lost.set_result(why)

    def _launch(self, theirs: socket.socket) -> subprocess.Popen[bytes]:
        log = self.folder / "logs" / "keeper.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        argv = [sys.executable, "-P", "-m", "chaosmesh.runtime.keeper"]
        with log.open("ab") as output:
            return subprocess.Popen(
                [*argv, str(theirs.fileno()), str(os.getpid())],
                env={**os.environ, procs.RUN: self.run, procs.OWNER: procs.identity()},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )

    def _tail(self) -> str:
        text = (self.folder / "logs" / "keeper.log").read_text(errors="replace").strip()
        return text[-2000:] or f"no output, exit status {self._process.poll()}"

    async def _ask(self, do: str, *, within: float = 0.0, **fields: Any) -> Any:
        if self.lost.done():
            raise KeeperLostError(self.lost.result(), hint=AGAIN)
        self._number += 1
        number = self._number
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        self._writer.write(json.dumps({"id": number, "do": do, **fields}).encode() + b"\n")
        try:
            return await asyncio.wait_for(answer, ANSWER_DEADLINE + within)
        except TimeoutError:
            raise DeadlineError(f"the keeper (pid {self.pid}) did not answer `{do}` in time") from None
        finally:
            self._answers.pop(number, None)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError):
            while line := await reader.readline():
                self._hear(json.loads(line))
        self._gone()

    def _hear(self, message: dict[str, Any]) -> None:
        match message:
            case {"event": "hello"}:
                self._hello.set_result(None)
            case {"event": "exit", "name": name, "pid": pid, "status": status}:
                self.on_exit(name, pid, status)
            case {"event": "healed", "lease": lease, "failed": failed}:
                self.on_healed(lease, failed)
            case {"id": number} if (answer := self._answers.get(number)) and not answer.done():
                if "error" in message:
                    answer.set_exception(EnvironmentFailedError(message["error"]))
                else:
                    answer.set_result(message["answer"])

    def _gone(self) -> None:
        reason = f"the keeper (pid {self.pid}) of run {self.run} ended, and with it every process of the run"
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(KeeperLostError(reason, hint=AGAIN))
        if not self._closing:
            procs.kill_marked(self.run)
            self.lost.set_result(reason)


def _text(path: Path | None) -> str | None:
    return str(path) if path else None

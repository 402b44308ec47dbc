"""The processes that send load: the run's own one, those with another number of workers, and users of a locustfile."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from chaosmesh.errors import ChaosMeshError
from chaosmesh.load import LoadProcess, Running
from chaosmesh.load.plan import Closed
from chaosmesh.runtime import Keeper


class Generators:
    """Of one run. Nothing starts before `start`, and crews and users only where somebody asks for them."""

    def __init__(self, run: str, logs: Path, workers: int, bind: str, say: Callable[[str], None]) -> None:
        self.main = LoadProcess(workers=workers, bind=bind, say=say)
        self._run = run
        self._logs = logs
        self._crews: dict[int, LoadProcess] = {}
        self._starting = asyncio.Lock()
        self._files = itertools.count(1)
        self._leaving: set[asyncio.Task[None]] = set()
        self._exit = contextlib.AsyncExitStack()

    def ground(self, keeper: Keeper, targets: Sequence[str]) -> None:
        """Who starts them, and the networks that their load may go to besides loopback."""
        self._keeper, self._targets = keeper, tuple(targets)
        for one in self._targets:
            self.main.allow(one)

    async def start(self) -> None:
        """Starts the run's own one."""
        await self.main.start(self._spawn, self._logs, self._run)
        self._exit.push_async_callback(self.main.close)

    async def close(self) -> None:
        """Ends all of them."""
        await self._exit.aclose()

    async def of(self, workers: int | None) -> LoadProcess:
        """The one with so many workers, started on first use and kept."""
        if workers is None or workers == self.main.workers:
            return self.main
        async with self._starting:
            if workers not in self._crews:
                crew = LoadProcess(workers=workers, allowed=self._targets)
                await crew.start(self._spawn, self._folder(f"load-{workers}"), f"{self._run}-{workers}")
                self._exit.push_async_callback(crew.close)
                self._crews[workers] = crew
            return self._crews[workers]

    async def users(self, closed: Closed) -> LoadProcess:
        """A process for one run of a locustfile: the file is read anew each time."""
        number = next(self._files)
        generator = LoadProcess(locustfile=Path(closed.file), allowed=self._targets)
        await generator.start(
            self._spawn, self._folder(f"locustfile-{number}"), f"{self._run}-users-{number}"
        )
        self._exit.push_async_callback(generator.close)
        return generator

    def leave(self, running: Running, generator: LoadProcess) -> None:
        """A process that ran a locustfile ends with its users."""
        self._leaving.add(asyncio.create_task(_leave(running, generator)))

    def pids(self) -> list[int]:
        """Of those that run."""
        return [one.pid for one in (self.main, *self._crews.values()) if one.pid]

    def _folder(self, name: str) -> Path:
        folder = self._logs / name
        folder.mkdir(exist_ok=True)
        return folder

    async def _spawn(self, name: str, argv: Sequence[str], env: Mapping[str, str], log: Path) -> int:
        return await self._keeper.spawn(name, argv, env=env, log=log)


async def _leave(running: Running, generator: LoadProcess) -> None:
    with contextlib.suppress(ChaosMeshError):
        await running.done()
    await generator.close()

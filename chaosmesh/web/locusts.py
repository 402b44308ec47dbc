"""The Locust processes of `chaosmesh up --ui`: a master with the web UI, and workers that send."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaosmesh.errors import DeadlineError, EnvironmentFailedError
from chaosmesh.load.child import Child
from chaosmesh.load.door import Door
from chaosmesh.load.process import Spawn
from chaosmesh.runtime import probe

LOOPBACK = "127.0.0.1"
_START_S = 60.0
_END_S = 5.0
_LOG_LINES = 8
_PROGRAM = (sys.executable, "-P", "-m", "chaosmesh.web.locust.program")
_PASSENGERS = Path(__file__).parent / "locust" / "passengers.py"


@dataclass(frozen=True, slots=True)
class Setup:
    """What the form of the web UI begins with, and what runs. `host`: the mesh's entry; `locustfile` None: passengers.

    `users`, `spawn_rate` (users a second) and `each` (requests a second of a passenger) are the form's defaults.
    """

    host: str
    port: int
    tower: str | None = None
    workers: int = 1
    locustfile: Path | None = None
    users: int | None = None
    spawn_rate: float | None = None
    each: float = 1.0

    def shared(self) -> list[str]:
        """Arguments of master and workers."""
        return ["-f", str(self.locustfile or _PASSENGERS)]

    def master(self) -> list[str]:
        """Arguments of the master alone."""
        form = {"--users": self.users, "--spawn-rate": self.spawn_rate}
        if self.locustfile is None:
            form["--requests-per-user"] = self.each
        given = [text for name, value in form.items() if value is not None for text in (name, f"{value:g}")]
        bind = ["--master", "--master-bind-host", LOOPBACK, "--master-bind-port", "0"]
        web = ["--web-host", LOOPBACK, "--web-port", str(self.port), "--host", self.host]
        return [*bind, *web, *given]

    def environment(self, door: Path) -> Mapping[str, str]:
        """Of master and workers."""
        found = {"CHAOSMESH_DOOR": str(door)}
        found |= {} if self.tower is None else {"CHAOSMESH_TOWER": self.tower}
        return found if self.locustfile else {**found, "CHAOSMESH_PASSENGERS": "1"}


class Locusts:
    """Started by `spawn` (the keeper's), so they end with main whatever becomes of it; logs are in `logs`.

    `on_lost` is told of a process that ended by itself; without the master there is no web UI any more.
    """

    def __init__(self, door: Door, spawn: Spawn, logs: Path, setup: Setup) -> None:
        self._door, self._spawn, self._logs, self._setup = door, spawn, logs, setup
        self._children: dict[int, tuple[str, Child]] = {}
        self._port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._ending = False
        self.lost: asyncio.Future[EnvironmentFailedError] = asyncio.get_running_loop().create_future()
        self.on_lost: Callable[[str], None] = lambda _: None
        door.on_join = self._joined

    @property
    def url(self) -> str:
        """Of the web UI."""
        return f"http://{LOOPBACK}:{self._setup.port}"

    async def start(self) -> None:
        """Returns once the web UI answers and every worker is there; EnvironmentFailedError with the log otherwise."""
        setup = self._setup
        await self._begin("locust", [*setup.shared(), *setup.master()])
        waited: tuple[asyncio.Future[Any], ...] = (self._port, self.lost)
        await asyncio.wait(waited, timeout=_START_S, return_when=asyncio.FIRST_COMPLETED)
        if self.lost.done():
            raise self.lost.result()
        if not self._port.done():
            raise DeadlineError(f"Locust did not come up within {_START_S:g} s", hint=f"see {self._logs}")
        port = str(self._port.result())
        for number in range(setup.workers):
            worker = ["--worker", "--master-host", LOOPBACK, "--master-port", port]
            await self._begin(f"locust-worker-{number}", [*setup.shared(), *worker])
        await probe.until("Locust's web UI answers with its workers", self._look, within=_START_S)

    async def close(self) -> None:
        """Ends them. Harmless when called again."""
        self._ending = True
        children = [child for _, child in self._children.values()]
        for child in children:
            child.terminate()
        await asyncio.gather(*(child.end(_END_S) for child in children))

    async def _begin(self, name: str, arguments: Sequence[str]) -> None:
        log = self._logs / f"{name}.log"
        pid = await self._spawn(name, [*_PROGRAM, *arguments], self._setup.environment(self._door.path), log)
        self._children[pid] = name, Child(pid, self._gone)

    async def _look(self) -> str:
        if self.lost.done():
            raise self.lost.result()
        try:
            status, body = await probe.request("GET", LOOPBACK, self._setup.port, "/worker-count")
        except (OSError, TimeoutError, ValueError) as error:
            return f"{self.url}: {error}"
        wanted = f'"worker_count":{self._setup.workers}'
        text = body.decode().replace(" ", "")
        return "" if status == 200 and wanted in text else f"{self.url} answers {status} {text}"

    def _joined(self, role: str, told: Mapping[str, Any]) -> None:
        if role == "master" and not self._port.done():
            self._port.set_result(told["port"])

    def _gone(self, child: Child) -> None:
        if self._ending:
            return
        name = self._children[child.pid][0]
        log = self._logs / f"{name}.log"
        lines = log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
        self.on_lost(f"{name} (pid {child.pid}) has ended; its log: {log}")
        if name == "locust" and not self.lost.done():
            text = "\n".join(lines) or "empty"
            self.lost.set_result(
                EnvironmentFailedError(
                    f"Locust's web UI (pid {child.pid}) has ended; its log: {text}", hint=f"see {log}"
                )
            )

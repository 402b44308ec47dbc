"""What starts a Prometheus server and ends it: as a process here, in a container elsewhere."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from pathlib import Path

from chaosmesh.errors import KeeperLostError
from chaosmesh.runtime.keeper_client import Keeper
from chaosmesh.runtime.prometheus.install import require

NAME = "prometheus"
STOP_TIMEOUT = 5.0


class Hands(ABC):
    """One server. `host`: the address at which it listens; `main`: the address at which it finds this process."""

    host: str
    main: str

    @abstractmethod
    def require(self) -> None:
        """MissingProgramError when there is nothing to start."""

    @abstractmethod
    async def start(self, folder: Path, flags: list[str]) -> None:
        """Starts `prometheus` with `flags`, in `folder`, which holds its configuration; it may not answer yet.

        Paths in `flags` are relative to the folder: in a container it may be elsewhere.
        """

    @abstractmethod
    async def gone(self) -> str:
        """Why the server no longer runs; "" while it does."""

    @abstractmethod
    async def stop(self) -> None:
        """Ends it; fine where it does not run."""


class ProcessHands(Hands):
    """A child of the keeper, on addresses of the run's own block: 127.R.0.2, and 127.R.0.3 for this process."""

    def __init__(self, keeper: Keeper, subnet: str) -> None:
        self.host = f"{subnet}.0.2"
        self.main = f"{subnet}.0.3"
        self._keeper = keeper
        self._log = keeper.folder / "logs" / f"{NAME}.log"
        self._ended: int | None = None

    def require(self) -> None:
        """On PATH, or where $CHAOSMESH_PROMETHEUS says."""
        require()

    async def start(self, folder: Path, flags: list[str]) -> None:
        """A process whose paths are made absolute: the keeper starts all of its children in one place."""
        placed = [_placed(folder, one) for one in flags]
        self._listen()
        await self._keeper.spawn(NAME, [str(require()), *placed], log=self._log)

    def _listen(self) -> None:
        heard, self._ended = self._keeper.on_exit, None

        def exited(name: str, pid: int, status: int) -> None:
            heard(name, pid, status)
            if name == NAME:
                self._ended = status

        self._keeper.on_exit = exited

    async def gone(self) -> str:
        """By the keeper's word."""
        if self._ended is None:
            return ""
        text = self._log.read_text(errors="replace").strip() if self._log.is_file() else ""
        return f"prometheus ended with status {self._ended}: {text[-1500:] or 'it said nothing'}"

    async def stop(self) -> None:
        """In order, then by force; with the keeper it has ended already."""
        with contextlib.suppress(KeeperLostError):
            await self._keeper.stop(NAME, STOP_TIMEOUT)


def _placed(folder: Path, flag: str) -> str:
    """`--name=./path` with the folder before the path."""
    name, equals, value = flag.partition("=")
    return f"{name}={folder / value[2:]}" if equals and value.startswith("./") else flag

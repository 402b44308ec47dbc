"""A Prometheus server in a container of the run's network."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaosmesh.runtime.docker import images
from chaosmesh.runtime.docker.containers import Containers
from chaosmesh.runtime.docker.specs import GATEWAY, SCRAPER, Spec
from chaosmesh.runtime.parts import Part
from chaosmesh.runtime.prometheus import Hands
from chaosmesh.services.program import Volume

if TYPE_CHECKING:
    from docker.client import DockerClient

PART = Part("prometheus")
Do = Callable[..., Awaitable[Any]]


class ContainerHands(Hands):
    """At 10.R.0.2; it finds this process at the gateway of the network. `do` runs what blocks in a thread."""

    def __init__(self, client: DockerClient, containers: Containers, subnet: str, logs: Path, do: Do) -> None:
        self.host = f"{subnet}.{SCRAPER}"
        self.main = f"{subnet}.{GATEWAY}"
        self._client = client
        self._containers = containers
        self._log = logs / f"{PART.name}.log"
        self._do = do

    def require(self) -> None:
        """The image is there."""
        images.require(self._client, (PART.name,))

    async def start(self, folder: Path, flags: list[str]) -> None:
        """With the folder at the same path; its data belong to another user there."""
        await self._do(_open, folder)
        found = await self._do(partial(images.require, self._client, (PART.name,)))
        spec = Spec(
            PART,
            found[PART.name],
            command=tuple(flags),
            address=self.host,
            volumes=(Volume(str(folder), str(folder), read_only=False),),
            folder=str(folder),
        )
        await self._do(self._containers.start, spec)

    async def gone(self) -> str:
        """By the engine's word."""
        if await self._do(self._containers.state, PART.name) != "ended":
            return ""
        said = (await self._do(self._containers.log, PART.name, 30)).strip()
        return f"prometheus ended: {said[-1500:] or 'it said nothing'}"

    async def stop(self) -> None:
        """At once: its data are read before."""
        await self._do(self._containers.keep_log, PART.name, self._log)
        await self._do(self._containers.stop, PART.name, 0)


def _open(folder: Path) -> None:
    for one in (folder, *folder.iterdir()):
        one.chmod(0o777 if one.is_dir() else 0o644)

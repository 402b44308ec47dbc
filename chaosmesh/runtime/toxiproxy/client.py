"""Toxiproxy from asyncio: every call runs in the client's one thread, in order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from chaosmesh.runtime.heal import Heal
from chaosmesh.runtime.toxiproxy.server import TIMEOUT, Server, proxy_path
from chaosmesh.runtime.toxiproxy.toxics import Stream, Toxic

T = TypeVar("T")
FAULT = "fault"
CUT = "cut"
"""Name of the toxic that is on a proxy while its connections are cut."""


@dataclass(frozen=True, slots=True)
class ProxySpec:
    """A proxy as asked for; `listen` and `upstream` are "address:port"."""

    name: str
    listen: str
    upstream: str
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class ProxyState:
    """A proxy as Toxiproxy tells it."""

    name: str
    listen: str
    upstream: str
    enabled: bool
    toxics: tuple[Toxic, ...]


class ToxiproxyClient:
    """One server. A proxy may be disabled for several reasons at once; it listens again when none is left."""

    def __init__(self, host: str, port: int, timeout: float = TIMEOUT) -> None:
        self.host = host
        self.port = port
        self._server = Server(host, port, timeout)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="toxiproxy")
        self._reasons: dict[str, set[str]] = {}

    async def close(self) -> None:
        """Ends the thread; the server stays as it is."""
        await asyncio.to_thread(self._thread.shutdown)
        self._server.api.close()

    async def version(self) -> str:
        """Version of the server."""
        return await self._do(self._server.version)

    async def populate(self, proxies: Iterable[ProxySpec]) -> None:
        """Creates all proxies in one request."""
        wanted = [asdict(one) for one in proxies]
        await self._do(lambda: self._server.populate(wanted))

    async def remove(self, proxies: Iterable[str]) -> None:
        """Removes proxies with their connections; fine when one is gone already."""
        for name in proxies:
            self._reasons.pop(name, None)
            await self._do(self._server.named(name).destroy)

    async def toxic(
        self,
        proxy: str,
        type: str,  # noqa: A002 -- Toxiproxy's own word
        stream: Stream,
        attributes: Mapping[str, int],
        name: str,
        *,
        toxicity: float = 1.0,
    ) -> Toxic:
        """Adds a toxic; UsageError for what makes no sense, EnvironmentFailedError when it is not in force."""
        toxic = Toxic(type, stream, attributes, name, toxicity)
        await self._do(lambda: self._server.named(proxy).add_toxic(**toxic.to_json()))
        return toxic

    async def change(self, proxy: str, toxic: Toxic) -> None:
        """Gives an existing toxic (same name and type) other attributes, also for open connections."""
        await self._do(lambda: self._server.named(proxy).update_toxic(**toxic.to_json()))

    async def heal(self, proxy: str, name: str) -> None:
        """Removes a toxic; fine when it is gone already."""
        await self._do(lambda: self._server.named(proxy).destroy_toxic(name))

    async def disable(self, proxy: str, reason: str = FAULT) -> None:
        """Cuts the proxy's connections and refuses new ones."""
        reasons = self._reasons.setdefault(proxy, set())
        reasons.add(reason)
        await self._do(lambda: self._server.named(proxy).disable())

    async def enable(self, proxy: str, reason: str = FAULT) -> bool:
        """Takes one reason away; returns whether the proxy listens again."""
        reasons = self._reasons.setdefault(proxy, set())
        reasons.discard(reason)
        if reasons:
            return False
        await self._do(lambda: self._server.named(proxy).enable())
        return True

    async def cut(self, proxy: str) -> None:
        """Ends every open connection; new ones work (unless it is disabled, then nothing changes).

        A toxic that holds everything back ends its connections when it is removed. Disabling and enabling would end
        them too, and refuse whoever comes in between.
        """
        if self._reasons.get(proxy):
            return
        toxic = Toxic("timeout", "downstream", {"timeout": 0}, CUT).to_json()

        def both() -> None:
            one = self._server.named(proxy)
            try:
                one.add_toxic(**toxic)
            finally:
                one.destroy_toxic(CUT)

        await self._do(both)

    async def state(self) -> dict[str, ProxyState]:
        """Every proxy by name, in one request."""
        return {name: _state(values) for name, values in (await self._do(self._server.raw)).items()}

    def heal_toxic(self, proxy: str, name: str) -> Heal:
        """Removing a toxic, as data for a lease."""
        return Heal.http("DELETE", self.host, self.port, f"{proxy_path(proxy)}/toxics/{quote(name, safe='')}")

    def heal_switch(self, proxy: str, enabled: bool = True) -> Heal:
        """Enabling (or disabling) a proxy, as data for a lease."""
        return Heal.http("PATCH", self.host, self.port, proxy_path(proxy), json.dumps({"enabled": enabled}))

    async def _do(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _state(values: Mapping[str, Any]) -> ProxyState:
    toxics = (
        Toxic(one["type"], one["stream"], one["attributes"], one["name"], one["toxicity"])
        for one in values["toxics"]
    )
    return ProxyState(values["name"], values["listen"], values["upstream"], values["enabled"], tuple(toxics))

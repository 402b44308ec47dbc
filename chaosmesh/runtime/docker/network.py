"""The network of a run: a bridge of the engine, whose addresses this machine reaches too."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import random
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from chaosmesh.errors import EnvironmentFailedError
from chaosmesh.runtime.docker import labels
from chaosmesh.runtime.docker.engine import connect
from chaosmesh.runtime.docker.reaper import Reaper
from chaosmesh.runtime.docker.specs import GATEWAY
from chaosmesh.runtime.keeper_client import Keeper

if TYPE_CHECKING:
    from chaosmesh.runtime.runtime import Runtime

FIRST, LAST = 200, 254
"""10.R.0.0/16 is taken from these: the far end of a range that companies use from its beginning."""
ROUTES = Path("/proc/net/route")


class Bridge:
    """10.R.0.0/16 on a bridge. Whatever carries the run's label is gone when the context ends, or its owner."""

    captures = True
    subnet = ""

    def __init__(self, run: str) -> None:
        self._run = run

    async def __aenter__(self) -> Bridge:
        self.client = await asyncio.to_thread(connect)
        self._reaper = await asyncio.to_thread(Reaper.start, self._run)
        try:
            await asyncio.to_thread(self._create)
        except BaseException:
            await asyncio.to_thread(self._reaper.close)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self._reaper.close)
        self.client.close()

    def runtime(self, keeper: Keeper) -> Runtime:
        """Containers."""
        from chaosmesh.runtime.docker.runtime import DockerRuntime

        return DockerRuntime(keeper, self)

    @property
    def socket(self) -> str:
        """Path of the engine's unix socket; "" for an engine elsewhere, whose faults only this process can heal."""
        adapter = self.client.api.get_adapter(self.client.api.base_url)
        return str(getattr(adapter, "socket_path", ""))

    @property
    def name(self) -> str:
        """Name of the network in the engine."""
        return f"chaosmesh-{self._run}"

    def _create(self) -> None:
        from docker.errors import APIError
        from docker.types import IPAMConfig, IPAMPool

        taken = [*_routed(), *_of_engine(self.client)]
        numbers = [one for one in range(FIRST, LAST + 1) if not _overlaps(one, taken)]
        random.SystemRandom().shuffle(numbers)
        seen = "every one of them is routed elsewhere"
        for number in numbers:
            pool = IPAMPool(subnet=f"10.{number}.0.0/16", gateway=f"10.{number}.{GATEWAY}")
            try:
                self.client.networks.create(
                    self.name,
                    driver="bridge",
                    ipam=IPAMConfig(pool_configs=[pool]),
                    labels=labels.of(self._run),
                )
            except APIError as error:
                seen = str(error.explanation or error)
                if "overlap" not in seen.lower():
                    break
                continue
            self.subnet = f"10.{number}"
            return
        raise EnvironmentFailedError(
            f"no network could be made from 10.{FIRST}.0.0/16 to 10.{LAST}.0.0/16: {seen}",
            hint="`chaosmesh clean` removes what killed runs left; `docker network prune` what others did",
        )


def _overlaps(number: int, taken: list[ipaddress.IPv4Network]) -> bool:
    wanted = ipaddress.IPv4Network(f"10.{number}.0.0/16")
    return any(wanted.overlaps(one) for one in taken)


def _routed() -> Iterator[ipaddress.IPv4Network]:
    """Networks to which this machine has a route of its own, a VPN's for example."""
    if not ROUTES.is_file():
        return
    for line in ROUTES.read_text().splitlines()[1:]:
        fields = line.split()
        target, mask = (int.from_bytes(bytes.fromhex(one)[::-1], "big") for one in (fields[1], fields[7]))
        if mask:
            yield ipaddress.IPv4Network((target, mask.bit_count()))


def _of_engine(client: Any) -> Iterator[ipaddress.IPv4Network]:
    for one in client.networks.list():
        for pool in (one.attrs.get("IPAM") or {}).get("Config") or ():
            with contextlib.suppress(ValueError, KeyError):
                yield ipaddress.IPv4Network(pool["Subnet"], strict=False)

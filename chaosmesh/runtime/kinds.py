"""The kinds of runtime, and the network that each of them stands on."""

from __future__ import annotations

import contextlib
from types import TracebackType
from typing import Literal, Protocol, get_args

from chaosmesh.envoy import binary
from chaosmesh.runtime import toxiproxy
from chaosmesh.runtime.keeper_client import Keeper
from chaosmesh.runtime.process import ProcessRuntime
from chaosmesh.runtime.runtime import Runtime
from chaosmesh.runtime.subnet import Subnet, lease_subnet

Kind = Literal["process", "docker"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class Network(Protocol):
    """Addresses of one run, held while its context lasts. `subnet` is their beginning, like "127.16"; `captures`
    tells whether sidecars are sent everything that their application sends."""

    subnet: str
    captures: bool

    async def __aenter__(self) -> Network:
        """Takes the addresses."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Gives them back."""

    def runtime(self, keeper: Keeper) -> Runtime:
        """The runtime whose parts have these addresses."""


class Loopback:
    """127.R.0.0/16 of this machine."""

    captures = False
    subnet = ""

    async def __aenter__(self) -> Loopback:
        self._lease: Subnet = lease_subnet()
        self.subnet = self._lease.name
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lease.close()

    def runtime(self, keeper: Keeper) -> Runtime:
        """Processes."""
        return ProcessRuntime(keeper)


def network(kind: Kind, run: str) -> Network:
    """The network for a run of this kind."""
    if kind == "process":
        return Loopback()
    from chaosmesh.runtime.docker.network import Bridge  # its packages take 0.2 s to load

    return Bridge(run)


def require(kind: Kind) -> None:
    """Raises EnvironmentFailedError for the first thing that a run of this kind needs and that is not here."""
    if kind == "process":
        binary()
        toxiproxy.require()
        return
    from chaosmesh.runtime.docker import engine, images

    with contextlib.closing(engine.connect()) as client:
        images.require(client, images.OF_A_MESH)

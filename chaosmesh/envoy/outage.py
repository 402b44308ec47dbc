"""Faults of the control plane: it goes away, it goes stale, or it sends what Envoy refuses."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from chaosmesh.envoy import codec
from chaosmesh.envoy.barrier import Barrier, RefusedError, Sidecar
from chaosmesh.envoy.forms import Json
from chaosmesh.envoy.rpc import grpc
from chaosmesh.envoy.snapshot import Snapshot
from chaosmesh.errors import NotInForceError

BREAK_S: Final = 10.0
"""Seconds in which every stream of a server that ended must be seen to be broken."""

SPOILT: Final = "chaosmesh_bad_push"
SPOILT_CLUSTER: Final[Json] = {
    "name": SPOILT,
    "type": "STATIC",
    "load_assignment": {
        "cluster_name": SPOILT,
        "endpoints": [
            {
                "lb_endpoints": [
                    {"endpoint": {"address": {"socket_address": {"address": "nowhere", "port_value": 1}}}}
                ]
            }
        ],
    },
}
"""A static cluster whose address is none: every Envoy refuses it."""


class Outages(ABC):
    """What faults do to the control plane. While `outage` says why, every push that would change a sidecar fails
    at once."""

    _sidecars: dict[str, Sidecar]
    _barrier: Barrier
    _lock: asyncio.Lock
    _server: Any
    _socket: Path

    def __init__(self) -> None:
        self.outage = ""
        self._refused = 0
        self._held: Callable[[int], None] = _nobody

    async def go_down(self, why: str) -> int:
        """End ADS: every stream breaks and nobody can connect, sidecars serve on as they are. Gives the number of
        streams that broke."""
        async with self._lock:
            streams = [one for one in self._sidecars.values() if one.stream is not None]
            self.outage = why
            if self._server is not None:
                await self._server.stop(grace=None)
                self._server = None
                self._socket.unlink(missing_ok=True)
            await self._barrier.until(
                streams, lambda one: one.stream is None, _deadline(BREAK_S), "are still connected"
            )
            return len(streams)

    async def come_back(self, absent: Collection[str], timeout: float) -> None:  # noqa: ASYNC109 - part of the error's promise
        """ADS again at the same place; returns when every sidecar but the `absent` ones is connected and holds
        what it is told (DeadlineError)."""
        async with self._lock:
            if self._server is None:
                self._server = await serving(self._socket, self._handler())
            self.outage = ""
            await self._settled(self._there(absent), timeout)

    def stop_pushing(self, why: str, held: Callable[[int], None]) -> None:
        """From now on no push reaches a sidecar; `held` is told how many were held back so far, at each of them."""
        self.outage, self._refused, self._held = why, 0, held

    def push_again(self) -> None:
        """Pushes reach the sidecars again."""
        self.outage, self._held = "", _nobody

    async def spoil(self, why: str, absent: Collection[str], timeout: float) -> dict[str, str]:  # noqa: ASYNC109 - part of the error's promise
        """Send every sidecar but the `absent` ones something that Envoy refuses. Gives their refusals, in Envoy's
        words, once all have refused (DeadlineError)."""
        async with self._lock:
            self.outage = why
            there = [self._sidecars[key] for key in self._there(absent)]
            bad = codec.encode("clusters", SPOILT_CLUSTER)
            for one in there:
                one.want(clusters={**one.wanted.get("clusters", {}), SPOILT: bad})
            await self._barrier.until(
                there, lambda one: _refusal(one) != "", _deadline(timeout), "have not refused a bad push"
            )
            return {one.key: _refusal(one) for one in there}

    async def mend(self, absent: Collection[str], timeout: float) -> None:  # noqa: ASYNC109 - part of the error's promise
        """Take back what `spoil` sent; returns when every sidecar but the `absent` ones has acknowledged."""
        async with self._lock:
            for one in self._sidecars.values():
                told = one.wanted.get("clusters", {})
                if SPOILT in told:
                    one.want(clusters={name: each for name, each in told.items() if name != SPOILT})
            self.outage = ""
            await self._settled(self._there(absent), timeout)

    async def settled(self, keys: Iterable[str], timeout: float) -> None:  # noqa: ASYNC109 - part of the error's promise
        """Returns when these sidecars are connected and hold everything that they are told (DeadlineError)."""
        async with self._lock:
            await self._settled(keys, timeout)

    async def _settled(self, keys: Iterable[str], within: float) -> None:
        chosen = [self._sidecars[key] for key in keys if key in self._sidecars]
        await self._barrier.connected(chosen, _deadline(within))
        await self._barrier.in_force(chosen, codec.KINDS, _deadline(within))

    def differences(self, snapshots: Mapping[str, Snapshot]) -> list[str]:
        """In words, sidecar by sidecar, how what is in force differs from these snapshots."""
        found = [f"the control plane is not well: {self.outage}"] if self.outage else []
        found += [] if self._server is not None else ["the control plane does not serve"]
        for key, wanted in snapshots.items():
            sidecar = self._sidecars.get(key)
            if sidecar is None or sidecar.good != wanted:
                found.append(f"sidecar {key} was given another configuration")
            elif not _holds_all(sidecar):
                found.append(f"sidecar {key}: {sidecar.seen(codec.KINDS)}")
        return found

    def _refuse(self) -> NotInForceError:
        self._refused += 1
        self._held(self._refused)
        return NotInForceError(
            f"nothing can be put in force: {self.outage}",
            hint="heal the control plane first; a fault that needs it goes around this one",
        )

    def _there(self, absent: Collection[str]) -> list[str]:
        return [key for key in self._sidecars if key not in absent]

    @abstractmethod
    def _handler(self) -> Any:
        """What answers the sidecars."""


def _nobody(_pushes: int) -> None:
    """Nobody asked to be told."""


async def serving(socket: Path, *handlers: Any) -> Any:
    """A gRPC server on a unix socket, started. Who may look into its folder may connect: sidecars in containers are
    other users."""
    socket.unlink(missing_ok=True)  # noqa: ASYNC240 - one system call on a local path
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", 64 << 20)])
    server.add_generic_rpc_handlers(handlers)
    server.add_insecure_port(f"unix:{socket}")
    await server.start()
    socket.chmod(0o666)  # noqa: ASYNC240
    return server


def _refusal(sidecar: Sidecar) -> str:
    """Envoy's words about what `spoil` sent; nothing where it has not answered yet."""
    rejection = sidecar.stream.rejection("clusters") if sidecar.stream else None
    return rejection.text if rejection is not None and SPOILT in rejection.contents else ""


def _holds_all(sidecar: Sidecar) -> bool:
    try:
        return sidecar.in_force(codec.KINDS)
    except RefusedError:
        return False


def _deadline(timeout: float) -> float:
    return asyncio.get_running_loop().time() + timeout

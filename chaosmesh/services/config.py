"""What a stand-in is: plain data, cheap to import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from chaosmesh.errors import UsageError

CHANGEABLE = ("version", "latency_ms", "capacity", "queue", "healthy")


@dataclass(frozen=True, slots=True)
class StandIn:
    """One copy of a stand-in service.

    `listen` holds (address, port, protocol: "http", "http2", "grpc" or "tcp"), `calls` (service, url) in the order
    in which a failing one is reported. A url begins with http://, h2://, grpc:// or tcp://; without a path it takes
    the path of the request, over gRPC `message.METHOD` where the request has none. `capacity` is in requests/s, None
    means unlimited; a request that finds `queue` others waiting for it is answered 503 (None: everybody waits). Health checks fail while it isn't `healthy`, nothing else does. `token` guards `PUT /.chaosmesh/config`; without one nothing can be changed.
    """

    node: str
    version: str = ""
    replica: int = 0
    run: str = ""
    listen: tuple[tuple[str, int, str], ...] = ()
    calls: tuple[tuple[str, str], ...] = ()
    latency_ms: float = 0.0
    capacity: float | None = None
    token: str = ""
    healthy: bool = True
    queue: int | None = None

    def __post_init__(self) -> None:
        if not _number(self.latency_ms) or self.latency_ms < 0:
            raise UsageError(f"{self.node}: latency_ms is {self.latency_ms!r}, it must be a number from 0 on")
        if self.capacity is not None and (not _number(self.capacity) or self.capacity <= 0):
            raise UsageError(
                f"{self.node}: capacity is {self.capacity!r}, it must be above 0 requests/s, or absent"
            )
        if self.queue is not None and (
            not isinstance(self.queue, int) or not _number(self.queue) or self.queue < 1
        ):
            raise UsageError(
                f"{self.node}: queue is {self.queue!r}, it must hold 1 request or more, or be absent"
            )
        if not isinstance(self.healthy, bool):
            raise UsageError(f"{self.node}: healthy is {self.healthy!r}, it must be true or false")

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> StandIn:
        """Back from `dataclasses.asdict` and JSON."""
        listen = tuple((str(host), int(port), str(protocol)) for host, port, protocol in data["listen"])
        calls = tuple((str(service), str(url)) for service, url in data["calls"])
        return cls(**{**data, "listen": listen, "calls": calls})

    def changed(self, wanted: Mapping[str, Any]) -> StandIn:
        """The same stand-in with other behaviour; UsageError for what can't be changed while it runs."""
        if not isinstance(wanted, Mapping):
            raise UsageError("what to change is not a JSON object")
        for key in wanted:
            if key not in CHANGEABLE:
                raise UsageError(f"{key!r} can't be changed", hint=f"one of: {', '.join(CHANGEABLE)}")
        return replace(self, **wanted)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

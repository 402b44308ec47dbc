"""One request under way, and what carries it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from chaosmesh.load.wire import NO_GRPC

Field = tuple[bytes, bytes]


class ShortOfSocketsError(Exception):
    """Raised when this process can't open one more connection: the generator's fault, not the service's."""


class Carrier(Protocol):
    """A connection that has exchanges under way."""

    def give_up(self, exchange: Exchange, failure: str) -> None:
        """Ends an exchange without waiting for its answer any longer."""


@dataclass(slots=True, eq=False)
class Exchange:
    """One request under way; times are nanoseconds of the monotonic clock.

    `data` is what goes out: a whole HTTP/1.1 request, a body (HTTP/2, gRPC, with `fields` before it), or a line.
    """

    seq: int
    spec: int
    intended: int
    sent: int
    data: bytes
    head: bool = False
    fields: tuple[Field, ...] = ()
    grpc: bool = False
    connection: Carrier | None = None
    number: int = 0
    retried: bool = False
    grpc_status: int = NO_GRPC


Finished = Callable[[Exchange, int, int, str], None]
"""Called once per exchange with status (0 without an answer), size of the answer, and failure."""


class Pool(Protocol):
    """The connections of one stream for one protocol; `retried` counts what went out a second time."""

    retried: int

    def send(self, exchange: Exchange) -> None:
        """Starts the exchange on a connection that has room or a new one; raises ShortOfSocketsError."""

    def close(self) -> None:
        """Closes what is idle; exchanges under way are left alone."""

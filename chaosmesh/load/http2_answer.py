"""The answer of one HTTP/2 stream, gRPC's included."""

from __future__ import annotations

from collections.abc import Iterable

from chaosmesh.load import grpc
from chaosmesh.load.exchange import Exchange
from chaosmesh.load.wire import NO_GRPC


class Http2Answer:
    """What came for one exchange, and `rest`, what of its body still has to go out."""

    __slots__ = ("_messages", "_size", "exchange", "grpc_status", "rest", "status")

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.rest = exchange.data
        self.status = self._size = 0
        self.grpc_status = NO_GRPC
        self._messages = grpc.Messages() if exchange.grpc else None

    @property
    def size(self) -> int:
        """Bytes of the body, or of the messages in it."""
        return self._size if self._messages is None else self._messages.size

    def head(self, fields: Iterable[tuple[bytes, bytes]]) -> None:
        """Takes the header section of the final answer."""
        found = dict(fields)
        self.status = int(found[b":status"])
        self._grpc(found)

    def body(self, data: bytes) -> None:
        """Takes a piece of the body."""
        self._size += len(data)
        if self._messages is not None and self.status == 200:
            self._messages.feed(data)

    def trailers(self, fields: Iterable[tuple[bytes, bytes]]) -> None:
        """Takes the trailer section."""
        self._grpc(dict(fields))

    def complete(self) -> bool:
        """Whether the answer may end here; a call without a status gets the one of its HTTP status."""
        if self._messages is None:
            return True
        if self.grpc_status == NO_GRPC and self.status != 200:
            self.grpc_status = grpc.status_of_http(self.status)
        # An error may cut a message short; a success may not.
        return self.grpc_status > 0 or (self.grpc_status == 0 and self._messages.whole)

    def _grpc(self, found: dict[bytes, bytes]) -> None:
        if self._messages is not None and b"grpc-status" in found:
            self.grpc_status = grpc.status_of(found[b"grpc-status"])

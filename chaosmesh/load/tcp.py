"""TCP: one line out, one line back, a connection for each.

Only the generator's process imports this module.
"""

from __future__ import annotations

from chaosmesh.load.exchange import Exchange, Finished
from chaosmesh.load.link import Endpoint, Link
from chaosmesh.load.wire import Failure

ANSWERED = 200
"""The status of an exchange whose line came."""

_LONGEST = 1 << 24


class TcpPool:
    """Opens a connection for each exchange; nothing is sent twice."""

    def __init__(self, endpoint: Endpoint, finished: Finished) -> None:
        self.endpoint = endpoint
        self.finished = finished
        self.retried = 0

    def send(self, exchange: Exchange) -> None:
        """Connects and sends the line; raises ShortOfSocketsError."""
        TcpConnection(self, exchange).start()

    def close(self) -> None:
        """Nothing is ever idle."""


class TcpConnection(Link):
    """One connection with its one exchange."""

    __slots__ = ("_exchange", "_pool", "_size")

    def __init__(self, pool: TcpPool, exchange: Exchange) -> None:
        super().__init__(pool.endpoint)
        self._pool = pool
        self._exchange = exchange
        self._size = 0
        exchange.connection = self

    def start(self) -> None:
        """Connects and sends; raises ShortOfSocketsError."""
        self.connect()
        if not self.closed:
            self.write(self._exchange.data)

    def give_up(self, exchange: Exchange, failure: str) -> None:
        """Ends the exchange without an answer."""
        self._finish(exchange, 0, 0, failure)

    def received(self, data: memoryview | bytes) -> None:
        """Waits for the end of the line."""
        end = bytes(data).find(b"\n")
        self._size += len(data) if end < 0 else end
        if end >= 0:
            self._finish(self._exchange, ANSWERED, self._size, Failure.NONE)
        elif self._size > _LONGEST:
            self.broken(Failure.BAD_ANSWER)

    def ended(self) -> None:
        """The line never ended."""
        self.broken(Failure.CLOSED)

    def broken(self, failure: str) -> None:
        """Ends the exchange with what went wrong."""
        self._finish(self._exchange, 0, 0, failure)

    def _finish(self, exchange: Exchange, status: int, size: int, failure: str) -> None:
        exchange.connection = None
        self.close()
        self._pool.finished(exchange, status, size, failure)

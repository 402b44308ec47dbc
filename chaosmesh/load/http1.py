"""HTTP/1.1: keep-alive connections with one exchange each.

Only the generator's process imports this module.
"""

from __future__ import annotations

from chaosmesh.load.answer import Answer, BadAnswerError
from chaosmesh.load.exchange import Exchange, Finished, ShortOfSocketsError
from chaosmesh.load.link import Endpoint, Link
from chaosmesh.load.wire import Failure


class Http1Pool:
    """The connections of one stream to one address; the one used last goes first."""

    def __init__(self, endpoint: Endpoint, finished: Finished) -> None:
        self.endpoint = endpoint
        self.finished = finished
        self.idle: list[Http1Connection] = []
        self.retried = 0

    def send(self, exchange: Exchange) -> None:
        """Starts the exchange on an idle connection or a new one; raises ShortOfSocketsError."""
        connection = self.idle.pop() if self.idle else Http1Connection(self)
        connection.start(exchange)

    def retry(self, exchange: Exchange) -> bool:
        """Once more, on a connection of its own; False when no socket is left."""
        exchange.retried = True
        try:
            Http1Connection(self).start(exchange)
        except ShortOfSocketsError:
            return False
        self.retried += 1
        return True

    def close(self) -> None:
        """Closes what is idle; exchanges under way are left alone."""
        for connection in list(self.idle):
            connection.close()


class Http1Connection(Link):
    """One keep-alive connection with at most one exchange."""

    __slots__ = ("_answer", "_exchange", "_pool", "_served")

    def __init__(self, pool: Http1Pool) -> None:
        super().__init__(pool.endpoint)
        self._pool = pool
        self._answer = Answer()
        self._served = False
        self._exchange: Exchange | None = None

    def start(self, exchange: Exchange) -> None:
        """Sends a request, connecting first if needed; raises ShortOfSocketsError."""
        self._exchange = exchange
        exchange.connection = self
        self._answer.expect(head=exchange.head)
        if not self._connected:
            self.connect()
        if not self.closed:
            self.write(exchange.data)

    def give_up(self, exchange: Exchange, failure: str) -> None:
        """Ends the exchange without an answer and drops the connection."""
        self._exchange = exchange.connection = None
        self.close()
        self._pool.finished(exchange, 0, 0, failure)

    def close(self) -> None:
        """Gives everything back."""
        if self._exchange is None and self in self._pool.idle:
            self._pool.idle.remove(self)
        self._answer.release()
        super().close()

    def received(self, data: memoryview | bytes) -> None:
        """Reads on in the answer."""
        exchange = self._exchange
        if exchange is None:
            self.close()  # bytes that no request asked for
            return
        try:
            self._answer.feed(data)
        except BadAnswerError:
            self.give_up(exchange, Failure.BAD_ANSWER)
            return
        if self._answer.complete:
            self._finish(exchange, keep=self._answer.keep and not self._unsent)

    def ended(self) -> None:
        """A close is the end of an answer that names no length, and a loss otherwise."""
        if self._exchange is not None and self._answer.ends_with_connection():
            self._finish(self._exchange, keep=False)
        else:
            self.broken(Failure.CLOSED)

    def broken(self, failure: str) -> None:
        """A used connection may just have been closed as idle: once more then (RFC 9112, 9.3.1)."""
        exchange = self._exchange
        if exchange is None:
            self.close()
        elif self._served and not self._answer.arrived and not exchange.retried:
            self._exchange = exchange.connection = None
            self.close()
            if not self._pool.retry(exchange):
                self._pool.finished(exchange, 0, 0, failure)
        else:
            self.give_up(exchange, failure)

    def _finish(self, exchange: Exchange, *, keep: bool) -> None:
        self._exchange = exchange.connection = None
        status, size = self._answer.status, self._answer.size
        if keep:
            self._served = True
            self._pool.idle.append(self)
        else:
            self.close()
        self._pool.finished(exchange, status, size, Failure.NONE)

"""HTTP/2: connections with many exchanges each, prior knowledge or ALPN.

Only the generator's process imports this module.
"""

from __future__ import annotations

import time

from h2.errors import ErrorCodes

from chaosmesh.load.exchange import Exchange, Finished, ShortOfSocketsError
from chaosmesh.load.goaway import GoAway
from chaosmesh.load.http2_answer import Http2Answer
from chaosmesh.load.http2_session import (
    Ended,
    Happening,
    MisunderstoodError,
    Reset,
    Session,
    Takes,
    error_name,
)
from chaosmesh.load.link import Endpoint, Link
from chaosmesh.load.wire import Failure

MAX_STREAMS = 100
"""Exchanges on one connection, unless the server allows fewer; then another connection is opened."""


class Http2Pool:
    """The connections of one stream to one address; the one that had room last goes first."""

    def __init__(self, endpoint: Endpoint, finished: Finished) -> None:
        self.endpoint = endpoint
        self.finished = finished
        self.roomy: list[Http2Connection] = []
        self.retried = 0

    def send(self, exchange: Exchange) -> None:
        """Starts the exchange on a connection with room or a new one; raises ShortOfSocketsError."""
        if not self.roomy:
            connection = Http2Connection(self)
            self.roomy.append(connection)
            try:
                connection.open(exchange)
            except ShortOfSocketsError:
                self.roomy.remove(connection)
                raise
        else:
            self.roomy[-1].start(exchange)

    def move(self, exchange: Exchange, failure: str) -> None:
        """Sends what never went out on a connection that takes no more."""
        try:
            self.send(exchange)
        except ShortOfSocketsError:
            exchange.connection = None
            self.finished(exchange, 0, 0, failure)

    def retry(self, exchange: Exchange, failure: str) -> None:
        """Once more what the server surely did not process; the second time it is a failure."""
        exchange.connection = None
        if exchange.retried:
            self.finished(exchange, 0, 0, failure)
            return
        exchange.retried = True
        self.retried += 1
        self.move(exchange, failure)

    def close(self) -> None:
        """Closes what is idle; exchanges under way are left alone."""
        for connection in list(self.roomy):
            connection.leave()


class Http2Connection(Link):
    """One connection. Exchanges wait until the server's SETTINGS say how many it takes at once."""

    __slots__ = (
        "_farewell",
        "_heard",
        "_limit",
        "_pool",
        "_retired",
        "_served",
        "_session",
        "_stirred",
        "_waiting",
    )

    def __init__(self, pool: Http2Pool) -> None:
        super().__init__(pool.endpoint)
        self._pool = pool
        self._session = Session()
        self._waiting: list[Exchange] = []
        self._limit = self._heard = 0
        self._farewell = ""
        # `_served`: something was answered. `_stirred`: something came since the connection was idle.
        self._retired = self._served = self._stirred = False

    def open(self, exchange: Exchange) -> None:
        """Connects, with the exchange first in the queue; raises ShortOfSocketsError."""
        self._waiting.append(exchange)
        exchange.connection = self
        self.connect()
        self._flush()

    def start(self, exchange: Exchange) -> None:
        """Sends a request, or keeps it until the server's SETTINGS have come."""
        exchange.connection = self
        if self._limit:
            self._begin(exchange)
            self._flush()
        else:
            self._waiting.append(exchange)
        self._sort()

    def give_up(self, exchange: Exchange, failure: str) -> None:
        """Cancels one exchange; a connection that was silent all the while gets no new ones."""
        if exchange in self._waiting:
            self._waiting.remove(exchange)
        else:
            self._session.cancel(exchange)
        if self._heard <= exchange.sent:
            self._retired = True
        self._finish(exchange, 0, 0, failure)
        self._flush()
        self._sort()

    def leave(self) -> None:
        """Closes an idle connection with a word to the server."""
        if not self._session.answers and not self._waiting:
            self._session.leave()
            self._flush()
            self.close()

    def close(self) -> None:
        """Gives everything back."""
        if self in self._pool.roomy:
            self._pool.roomy.remove(self)
        super().close()

    def received(self, data: memoryview | bytes) -> None:
        """Takes frames; what is none ends every exchange."""
        self._heard = time.monotonic_ns()
        self._stirred = True
        try:
            for happening in self._session.feed(data):
                if self.closed:
                    return
                self._met(happening)
        except MisunderstoodError:
            self._flush()
            self._drop(Failure.BAD_ANSWER)
            return
        self._flush()
        self._sort()

    def ended(self) -> None:
        """The server closed."""
        self.broken(Failure.CLOSED)

    def broken(self, failure: str) -> None:
        """A connection that was idle before may just have been closed as such: then everything goes out again."""
        if self._served and not self._stirred:
            for exchange in self._taken():
                self._pool.retry(exchange, failure)
        else:
            self._drop(self._farewell or failure)

    def _drop(self, failure: str) -> None:
        for exchange in self._taken():
            self._finish(exchange, 0, 0, failure)

    def _taken(self) -> list[Exchange]:
        """Everything under way, taken off the connection, which is closed."""
        exchanges = [*(one.exchange for one in self._session.answers.values()), *self._waiting]
        self._session.answers.clear()
        self._waiting.clear()
        self.close()
        return exchanges

    def _sort(self) -> None:
        """Puts the connection among those with room, or out; ends it when it has nothing more to do."""
        if self.closed:
            return
        busy = len(self._session.answers) + len(self._waiting)
        room = not self._retired and busy < (self._limit or MAX_STREAMS)
        if self._retired and not busy:
            self.close()
        elif room != (self in self._pool.roomy):
            if room:
                self._pool.roomy.append(self)
            else:
                self._pool.roomy.remove(self)

    def _begin(self, exchange: Exchange) -> None:
        if not self._session.answers:
            self._stirred = False
        self._session.begin(exchange)

    def _flush(self) -> None:
        data = b"" if self.closed else self._session.outgoing()
        if data:
            self.write(data)

    def _finish(self, exchange: Exchange, status: int, size: int, failure: str) -> None:
        exchange.connection = None
        self._pool.finished(exchange, status, size, failure)

    # -- what the server does ---------------------------------------------------------------------------------

    def _met(self, happening: Happening) -> None:
        match happening:
            case Ended(answer):
                self._on_end(answer)
            case Reset(exchange, code):
                self._on_reset(exchange, code)
            case Takes(limit):
                self._on_settings(limit)
            case GoAway(last, code):
                self._on_goaway(last, code)

    def _on_end(self, answer: Http2Answer) -> None:
        self._served = True
        if answer.complete():
            answer.exchange.grpc_status = answer.grpc_status
            self._finish(answer.exchange, answer.status, answer.size, Failure.NONE)
        else:
            self._finish(answer.exchange, 0, 0, Failure.BAD_ANSWER)

    def _on_reset(self, exchange: Exchange, code: int) -> None:
        failure = f"stream reset ({error_name(code)})"
        if code == ErrorCodes.REFUSED_STREAM:
            self._pool.retry(exchange, failure)
        else:
            self._finish(exchange, 0, 0, failure)

    def _on_settings(self, limit: int) -> None:
        self._limit = min(MAX_STREAMS, limit)
        room = max(0, self._limit - len(self._session.answers))
        waiting, self._waiting = self._waiting, []
        for exchange in waiting[:room]:
            self._begin(exchange)
        self._sort()  # out of the pool when full, so that the rest goes elsewhere
        for exchange in waiting[room:]:
            self._pool.move(exchange, Failure.BROKEN)

    def _on_goaway(self, last: int, code: int) -> None:
        self._retired = True
        failure = f"goaway ({error_name(code)})"
        if code:
            self._farewell = failure
        answers = self._session.answers
        unprocessed = [answers.pop(number).exchange for number in list(answers) if number > last]
        unprocessed += self._waiting
        self._waiting = []
        self._flush()
        self._sort()
        for exchange in unprocessed:
            self._pool.retry(exchange, failure)

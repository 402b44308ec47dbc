"""HTTP/2: connections with many exchanges each, prior knowledge or ALPN.

Only the generator's process imports this module.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from h2 import events as h2_events
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings

from chaosmesh.load.exchange import Exchange, Finished, ShortOfSocketsError
from chaosmesh.load.goaway import BadFrameError, GoAway, GoAways
from chaosmesh.load.http2_answer import Http2Answer
from chaosmesh.load.link import Endpoint, Link
from chaosmesh.load.wire import Failure

MAX_STREAMS = 100
"""Exchanges on one connection, unless the server allows fewer; then another connection is opened."""

_CONFIG = H2Configuration(
    client_side=True,
    header_encoding=None,
    validate_outbound_headers=False,  # they are checked before the stream begins
    normalize_outbound_headers=False,
)
_STREAM_WINDOW = 1 << 20
_CONNECTION_WINDOW = 1 << 24
_FIRST_WINDOW = 65_535  # of a connection, before any WINDOW_UPDATE
_SETTINGS = {SettingCodes.ENABLE_PUSH: 0, SettingCodes.INITIAL_WINDOW_SIZE: _STREAM_WINDOW}


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
        "_answers",
        "_farewell",
        "_goaways",
        "_h2",
        "_heard",
        "_limit",
        "_pool",
        "_retired",
        "_served",
        "_stirred",
        "_waiting",
    )

    def __init__(self, pool: Http2Pool) -> None:
        super().__init__(pool.endpoint)
        self._pool = pool
        self._h2 = H2Connection(_CONFIG)
        self._h2.local_settings = Settings(client=True, initial_values=_SETTINGS)
        self._goaways = GoAways()
        self._answers: dict[int, Http2Answer] = {}
        self._waiting: list[Exchange] = []
        self._limit = 0
        self._farewell = ""
        self._heard = 0
        # `_served`: something was answered. `_stirred`: something came since the connection was idle.
        self._retired = self._served = self._stirred = False

    def open(self, exchange: Exchange) -> None:
        """Connects, with the exchange first in the queue; raises ShortOfSocketsError."""
        self._waiting.append(exchange)
        exchange.connection = self
        self.connect()
        if not self.closed:
            self._h2.initiate_connection()
            self._h2.increment_flow_control_window(_CONNECTION_WINDOW - _FIRST_WINDOW)
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
            del self._answers[exchange.number]
            self._h2.reset_stream(exchange.number, ErrorCodes.CANCEL)
            self._flush()
        exchange.connection = None
        if self._heard <= exchange.sent:
            self._retired = True
        self._pool.finished(exchange, 0, 0, failure)
        self._sort()

    def leave(self) -> None:
        """Closes an idle connection with a word to the server."""
        if not self._answers and not self._waiting:
            self._h2.close_connection()
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
            passed, goodbyes = self._goaways.feed(data)
            happened = self._h2.receive_data(passed)
        except BadFrameError:
            self._h2.close_connection(ErrorCodes.FRAME_SIZE_ERROR)
            self._misunderstood()
            return
        except ProtocolError:  # the library has a word for the server
            self._misunderstood()
            return
        for event in happened:
            handler = _HANDLERS.get(type(event))
            if handler is not None and not self.closed:
                handler(self, event)
        for goodbye in goodbyes:
            if not self.closed:
                self._on_goaway(goodbye)
        if not self.closed:
            self._flush()
        if not self.closed:
            self._sort()

    def ended(self) -> None:
        """The server closed."""
        self.broken(Failure.CLOSED)

    def broken(self, failure: str) -> None:
        """A connection that was idle before may just have been closed as such: then everything goes out again."""
        if self._served and not self._stirred:
            exchanges = self._taken()
            for exchange in exchanges:
                self._pool.retry(exchange, failure)
        else:
            self._drop(self._farewell or failure)

    def _misunderstood(self) -> None:
        self._flush()
        if not self.closed:
            self._drop(Failure.BAD_ANSWER)

    def _drop(self, failure: str) -> None:
        for exchange in self._taken():
            exchange.connection = None
            self._pool.finished(exchange, 0, 0, failure)

    def _taken(self) -> list[Exchange]:
        """Everything under way, taken off the connection, which is closed."""
        exchanges = [*(one.exchange for one in self._answers.values()), *self._waiting]
        self._answers.clear()
        self._waiting.clear()
        self.close()
        return exchanges

    def _sort(self) -> None:
        """Puts the connection among those with room, or out; ends it when it has nothing more to do."""
        if self.closed:
            return
        busy = len(self._answers) + len(self._waiting)
        room = not self._retired and busy < (self._limit or MAX_STREAMS)
        if self._retired and not busy:
            self.close()
        elif room != (self in self._pool.roomy):
            if room:
                self._pool.roomy.append(self)
            else:
                self._pool.roomy.remove(self)

    def _begin(self, exchange: Exchange) -> None:
        if not self._answers:
            self._stirred = False
        number = exchange.number = self._h2.get_next_available_stream_id()
        answer = self._answers[number] = Http2Answer(exchange)
        self._h2.send_headers(number, exchange.fields, end_stream=not answer.rest)
        self._send_body(number, answer)

    def _send_body(self, number: int, answer: Http2Answer) -> None:
        while answer.rest:
            window = self._h2.local_flow_control_window(number)
            length = min(window, self._h2.max_outbound_frame_size)
            if length <= 0:
                return
            piece, answer.rest = answer.rest[:length], answer.rest[length:]
            self._h2.send_data(number, piece, end_stream=not answer.rest)

    def _send_bodies(self) -> None:
        for number, answer in self._answers.items():
            if answer.rest:
                self._send_body(number, answer)

    def _flush(self) -> None:
        data = self._h2.data_to_send()
        if data:
            self.write(data)

    # -- what the server does ---------------------------------------------------------------------------------

    def _on_head(self, event: Any) -> None:
        if answer := self._answers.get(event.stream_id):
            answer.head(event.headers)

    def _on_data(self, event: Any) -> None:
        self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        if answer := self._answers.get(event.stream_id):
            answer.body(event.data)

    def _on_trailers(self, event: Any) -> None:
        if answer := self._answers.get(event.stream_id):
            answer.trailers(event.headers)

    def _on_end(self, event: Any) -> None:
        answer = self._answers.pop(event.stream_id, None)
        if answer is None:
            return
        if answer.rest:  # an answer that needs no more of the request
            self._h2.reset_stream(event.stream_id, ErrorCodes.NO_ERROR)
        self._served = True
        exchange = answer.exchange
        exchange.connection = None
        if answer.complete():
            exchange.grpc_status = answer.grpc_status
            self._pool.finished(exchange, answer.status, answer.size, Failure.NONE)
        else:
            self._pool.finished(exchange, 0, 0, Failure.BAD_ANSWER)

    def _on_reset(self, event: Any) -> None:
        answer = self._answers.pop(event.stream_id, None)
        if answer is None:
            return
        failure = f"stream reset ({_name(event.error_code)})"
        if event.error_code == ErrorCodes.REFUSED_STREAM:
            self._pool.retry(answer.exchange, failure)
        else:
            answer.exchange.connection = None
            self._pool.finished(answer.exchange, 0, 0, failure)

    def _on_window(self, event: Any) -> None:
        if not event.stream_id:
            self._send_bodies()
        elif answer := self._answers.get(event.stream_id):
            self._send_body(event.stream_id, answer)

    def _on_settings(self, _: Any) -> None:
        self._limit = min(MAX_STREAMS, self._h2.remote_settings.max_concurrent_streams)
        self._send_bodies()  # their windows may have grown
        waiting, self._waiting = self._waiting, []
        for at, exchange in enumerate(waiting):
            if len(self._answers) >= self._limit:
                self._sort()  # out of the pool, so that the rest goes elsewhere
                for other in waiting[at:]:
                    self._pool.move(other, Failure.BROKEN)
                return
            self._begin(exchange)

    def _on_goaway(self, goodbye: GoAway) -> None:
        self._retired = True
        self._sort()
        failure = f"goaway ({_name(goodbye.code)})"
        if goodbye.code:
            self._farewell = failure
        waiting, self._waiting = self._waiting, []
        for exchange in waiting:
            self._pool.retry(exchange, failure)
        for number in [one for one in self._answers if one > goodbye.last]:
            self._pool.retry(self._answers.pop(number).exchange, failure)


def _name(code: int) -> str:
    try:
        return ErrorCodes(code).name
    except ValueError:
        return str(code)


_HANDLERS: dict[type, Callable[[Http2Connection, Any], None]] = {
    h2_events.ResponseReceived: Http2Connection._on_head,
    h2_events.DataReceived: Http2Connection._on_data,
    h2_events.TrailersReceived: Http2Connection._on_trailers,
    h2_events.StreamEnded: Http2Connection._on_end,
    h2_events.StreamReset: Http2Connection._on_reset,
    h2_events.WindowUpdated: Http2Connection._on_window,
    h2_events.RemoteSettingsChanged: Http2Connection._on_settings,
}

"""The client side of one HTTP/2 connection without its socket: bytes in, what happened out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from h2 import events
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError, StreamClosedError
from h2.settings import SettingCodes, Settings

from chaosmesh.load.exchange import Exchange
from chaosmesh.load.goaway import BadFrameError, GoAway, GoAways
from chaosmesh.load.http2_answer import Http2Answer

_CONFIG = H2Configuration(
    client_side=True,
    header_encoding=None,
    validate_outbound_headers=False,  # they are checked before the stream begins
    normalize_outbound_headers=False,
)
_STREAM_WINDOW = 1 << 20
_CONNECTION_WINDOW = 1 << 24
_FIRST_WINDOW = 65_535  # of a connection, before any WINDOW_UPDATE
_OPENING = (events.WindowUpdated, events.RemoteSettingsChanged)
_SETTINGS = {SettingCodes.ENABLE_PUSH: 0, SettingCodes.INITIAL_WINDOW_SIZE: _STREAM_WINDOW}


class MisunderstoodError(Exception):
    """Raised when what came is no HTTP/2; the session is over."""


@dataclass(frozen=True, slots=True)
class Ended:
    """An answer came to its end."""

    answer: Http2Answer


@dataclass(frozen=True, slots=True)
class Reset:
    """The server gave one exchange up; `code` is its error."""

    exchange: Exchange
    code: int


@dataclass(frozen=True, slots=True)
class Takes:
    """The server's SETTINGS: how many exchanges it takes at once."""

    limit: int


Happening = Ended | Reset | Takes | GoAway


class Session:
    """Exchanges under way by their stream number. After each call, `outgoing` has what is to be sent."""

    def __init__(self) -> None:
        self._h2 = H2Connection(_CONFIG)
        self._h2.local_settings = Settings(client=True, initial_values=_SETTINGS)
        self._h2.initiate_connection()
        self._h2.increment_flow_control_window(_CONNECTION_WINDOW - _FIRST_WINDOW)
        self._goaways = GoAways()
        self.answers: dict[int, Http2Answer] = {}

    def outgoing(self) -> bytes:
        """What is to be sent."""
        return self._h2.data_to_send()

    def begin(self, exchange: Exchange) -> None:
        """Opens a stream for an exchange."""
        number = exchange.number = self._h2.get_next_available_stream_id()
        answer = self.answers[number] = Http2Answer(exchange)
        self._h2.send_headers(number, exchange.fields, end_stream=not answer.rest)
        self._send_body(number, answer)

    def cancel(self, exchange: Exchange) -> None:
        """Gives an exchange up."""
        del self.answers[exchange.number]
        self._h2.reset_stream(exchange.number, ErrorCodes.CANCEL)

    def leave(self) -> None:
        """Says goodbye."""
        self._h2.close_connection()

    def feed(self, data: memoryview | bytes) -> Iterator[Happening]:
        """What the bytes say, in order, goodbyes last; raises MisunderstoodError."""
        try:
            passed, goodbyes = self._goaways.feed(data)
            happened = self._h2.receive_data(passed)
        except BadFrameError as error:
            self._h2.close_connection(ErrorCodes.FRAME_SIZE_ERROR)
            raise MisunderstoodError(str(error)) from error
        except ProtocolError as error:  # the library has a word for the server
            raise MisunderstoodError(str(error)) from error
        for event in happened:
            yield from self._read(event)
        yield from goodbyes
        # Last: a window may have opened for a stream that was reset right after.
        if any(isinstance(event, _OPENING) for event in happened):
            self._send_bodies()

    def _read(self, event: events.Event) -> Iterator[Happening]:
        match event:
            case events.ResponseReceived() | events.TrailersReceived() | events.DataReceived():
                self._read_answer(event)
            case events.StreamEnded():
                if (ended := self.answers.pop(event.stream_id, None)) is not None:
                    if ended.rest:  # an answer that needs no more of the request
                        with suppress(StreamClosedError):
                            self._h2.reset_stream(event.stream_id, ErrorCodes.NO_ERROR)
                    yield Ended(ended)
            case events.StreamReset():
                if (lost := self.answers.pop(event.stream_id, None)) is not None:
                    yield Reset(lost.exchange, int(event.error_code or 0))
            case events.RemoteSettingsChanged():
                yield Takes(self._h2.remote_settings.max_concurrent_streams)

    def _read_answer(
        self, event: events.ResponseReceived | events.TrailersReceived | events.DataReceived
    ) -> None:
        answer = self.answers.get(event.stream_id or 0)
        if isinstance(event, events.DataReceived):
            self._h2.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id or 0)
            if answer is not None:
                answer.body(event.data or b"")
        elif answer is None:
            return
        elif isinstance(event, events.ResponseReceived):
            answer.head(event.headers)
        else:
            answer.trailers(event.headers)

    def _send_bodies(self) -> None:
        for number, answer in self.answers.items():
            if answer.rest:
                self._send_body(number, answer)

    def _send_body(self, number: int, answer: Http2Answer) -> None:
        while answer.rest:
            window = self._h2.local_flow_control_window(number)
            length = min(window, self._h2.max_outbound_frame_size)
            if length <= 0:
                return
            piece, answer.rest = answer.rest[:length], answer.rest[length:]
            self._h2.send_data(number, piece, end_stream=not answer.rest)


def error_name(code: int) -> str:
    """The name of an HTTP/2 error (RFC 9113, 7), or its number."""
    try:
        return ErrorCodes(code).name
    except ValueError:
        return str(code)

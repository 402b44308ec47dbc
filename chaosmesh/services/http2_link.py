"""One HTTP/2 connection, either side: bytes in, events out, bodies sent as far as the windows allow."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterable

from h2 import events, settings
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.exceptions import H2Error, ProtocolError

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
STREAMS = 1024  # that a client may have open on one connection; sidecars open another one beyond
HEAD = 9  # bytes of a frame's head
GOAWAY = 7
LARGEST_FRAME = 1 << 14

Headers = Iterable[tuple[str, str]]


class Link(asyncio.Protocol, ABC):
    """Base of both sides. `h2` is the state of the connection; everything it wants to send goes out by `flush`.

    A GOAWAY of the peer is told by `leaving` and kept from `h2`, which would take the streams in flight for closed.
    """

    def __init__(self, *, client: bool) -> None:
        self.h2 = H2Connection(
            H2Configuration(
                client_side=client,
                header_encoding=None,
                validate_inbound_headers=False,
                normalize_inbound_headers=False,
                validate_outbound_headers=False,
                normalize_outbound_headers=False,
            )
        )
        if not client:
            size = H2Connection.DEFAULT_MAX_HEADER_LIST_SIZE
            codes = settings.SettingCodes
            self.h2.local_settings = settings.Settings(
                client=False,
                initial_values={codes.MAX_CONCURRENT_STREAMS: STREAMS, codes.MAX_HEADER_LIST_SIZE: size},
            )
        self._transport: asyncio.Transport | None = None
        self._unread = b""
        self._preface = 0 if client else len(PREFACE)
        self._unsent: dict[int, tuple[bytes, list[tuple[bytes, bytes]] | None]] = {}

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Says hello."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.h2.initiate_connection()
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- asyncio's signature
        """Nothing more can be sent."""
        self._transport = None
        self._unsent.clear()

    def data_received(self, data: bytes) -> None:
        """A peer that breaks the protocol is told so and left."""
        try:
            for event in self.h2.receive_data(self._whole_frames(data)):
                self._handle(event)
        except (H2Error, ValueError):
            self.flush()
            self.close()
            return
        self.flush()

    def close(self) -> None:
        """Ends the connection without a GOAWAY."""
        if self._transport is not None:
            self._transport.close()

    # for the two sides

    @abstractmethod
    def happened(self, event: events.Event) -> None:
        """An event of a stream, or new settings of the peer."""

    def leaving(self, last_stream: int) -> None:
        """The peer takes no more streams than up to this one."""

    def flush(self) -> None:
        """Sends what waits to be sent."""
        if self._transport is not None and (data := self.h2.data_to_send()):
            self._transport.write(data)

    def send(self, stream: int, headers: Headers, body: bytes = b"", trailers: Headers | None = None) -> None:
        """A whole message on a stream; what exceeds the peer's windows follows when it opens them."""
        self.h2.send_headers(stream, _encoded(headers), end_stream=not body and trailers is None)
        end = None if trailers is None else _encoded(trailers)
        if body:
            self._unsent[stream] = (body, end)
            self._pump(stream)
        elif end is not None:
            self.h2.send_headers(stream, end, end_stream=True)
        self.flush()

    def forget(self, stream: int) -> None:
        """Nothing more is sent on a stream that was reset."""
        self._unsent.pop(stream, None)

    def _handle(self, event: events.Event) -> None:
        if isinstance(event, events.WindowUpdated):
            for stream in [event.stream_id] if event.stream_id else list(self._unsent):
                self._pump(stream)
        else:
            if isinstance(event, events.RemoteSettingsChanged):
                for stream in list(self._unsent):
                    self._pump(stream)
            elif isinstance(event, events.StreamReset):
                self.forget(event.stream_id)
            elif isinstance(event, events.DataReceived):
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            self.happened(event)

    def _pump(self, stream: int) -> None:
        if stream not in self._unsent:
            return
        body, trailers = self._unsent.pop(stream)
        while body:
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            if room <= 0:
                self._unsent[stream] = (body, trailers)
                return
            part, body = body[:room], body[room:]
            self.h2.send_data(stream, part, end_stream=not body and trailers is None)
        if trailers is not None:
            self.h2.send_headers(stream, trailers, end_stream=True)

    def _whole_frames(self, data: bytes) -> bytes:
        """What has come of whole frames, without those that say GOAWAY."""
        data = self._unread + data if self._unread else data
        at = start = min(self._preface, len(data))
        self._preface -= start
        kept: list[bytes] = []
        while len(data) - at >= HEAD:
            length = int.from_bytes(data[at : at + 3], "big")
            if length > LARGEST_FRAME:
                at = len(data)  # an error, which the state of the connection will find
                break
            if len(data) - at < HEAD + length:
                break
            if data[at + 3] == GOAWAY and length >= 8:
                kept.append(data[:at])
                self.leaving(int.from_bytes(data[at + HEAD : at + HEAD + 4], "big") & 0x7FFFFFFF)
                data, at = data[at + HEAD + length :], 0
                continue
            at += HEAD + length
        self._unread = data[at:]
        kept.append(data[:at])
        return b"".join(kept)


def text(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Header fields as text; of a name that comes twice the last one counts."""
    return {
        name.decode("utf-8", "surrogateescape"): value.decode("utf-8", "surrogateescape")
        for name, value in headers
    }


def _encoded(headers: Headers) -> list[tuple[bytes, bytes]]:
    return [
        (name.encode("utf-8", "surrogateescape"), value.encode("utf-8", "surrogateescape"))
        for name, value in headers
    ]


__all__ = ["PREFACE", "Headers", "Link", "ProtocolError", "text"]

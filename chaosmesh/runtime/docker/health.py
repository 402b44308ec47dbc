"""A gRPC health check as bytes: what is sent to a program whose network this process is not in, and what came back."""

from __future__ import annotations

import base64
import struct
from typing import Final

METHOD: Final = "/grpc.health.v1.Health/Check"
SERVING: Final = b"\x08\x01"
"""`HealthCheckResponse` with status SERVING."""
WORDS: Final = (
    'exec 3<>"/dev/tcp/127.0.0.1/$0" || exit 7; printf %b "$1" >&3; timeout 1 cat <&3 | base64 -w0; exit 0'
)
"""For bash: a port and the request (`asked`); it prints the answer in base64. 7: nobody accepts."""


def asked(service: str, port: int) -> str:
    """The request on a connection of its own, with escapes as `printf %b` takes them."""
    from h2.connection import H2Connection

    name = service.encode()
    message = b"\x0a" + bytes([len(name)]) + name if name else b""
    link = H2Connection()
    link.initiate_connection()
    headers = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", METHOD),
        (":authority", f"localhost:{port}"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ]
    link.send_headers(1, headers)
    link.send_data(1, struct.pack("!BI", 0, len(message)) + message, end_stream=True)
    return "".join(f"\\x{byte:02x}" for byte in link.data_to_send())


def answered(text: str) -> str:
    """What is wrong with an answer, in words; "" where the program says that it serves."""
    from h2.connection import H2Connection
    from h2.events import DataReceived, ResponseReceived, TrailersReceived
    from h2.exceptions import ProtocolError

    link = H2Connection()
    link.initiate_connection()
    link.send_headers(1, [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "x")])
    seen: dict[bytes, bytes] = {}
    data = b""
    try:
        events = link.receive_data(base64.b64decode(text))
    except (ProtocolError, ValueError):
        return "gives no gRPC answer"
    for event in events:
        if isinstance(event, DataReceived):
            data += event.data or b""
        elif isinstance(event, ResponseReceived | TrailersReceived):
            seen |= {_bytes(name): _bytes(value) for name, value in event.headers or ()}
    if not seen:
        return "gives no gRPC answer"
    status = seen.get(b"grpc-status", b"").decode(errors="replace")
    if status not in ("", "0"):
        return f"{METHOD} ends with gRPC status {status} {seen.get(b'grpc-message', b'').decode(errors='replace')}".strip()
    return "" if SERVING in data[5:] else f"{METHOD} does not say SERVING"


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()

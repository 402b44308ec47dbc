"""gRPC's own words on an HTTP/2 stream: framed messages, codes and texts in trailers, health."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from chaosmesh.services import codes

CONTENT_TYPE: Final = "application/grpc"
HEALTH: Final = "/grpc.health.v1.Health/"
SERVING: Final = b"\x08\x01"
"""`HealthCheckResponse` with status SERVING, of gRPC's published health.proto."""
NOT_SERVING: Final = b"\x08\x02"


def is_grpc(headers: Mapping[str, str]) -> bool:
    """Whether a request (or an answer) is gRPC, of any encoding."""
    return headers.get("content-type", "").startswith(CONTENT_TYPE)


def framed(message: bytes) -> bytes:
    """A message as it goes into a body, not compressed."""
    return b"\0" + len(message).to_bytes(4, "big") + message


def message_in(body: bytes) -> bytes | None:
    """The first message of a body; None if there is no whole one, or if it is compressed."""
    length = int.from_bytes(body[1:5], "big")
    if len(body) < 5 + length or len(body) < 5 or body[0] != 0:
        return None
    return body[5 : 5 + length]


def trailers(code: int, text: str = "") -> list[tuple[str, str]]:
    """The end of an answer."""
    fields = [("grpc-status", str(code))]
    return [*fields, ("grpc-message", quote(text, safe=" !\"#$&'()*+,/:;<=>?@[]^`{|}"))] if text else fields


def code_of(headers: Mapping[str, str], status: int) -> int:
    """The code of an answer by its trailers (or headers, where it has nothing but an end)."""
    told = headers.get("grpc-status", "")
    if told.isascii() and told.isdigit() and len(told) < 4:
        return int(told)
    return codes.UNKNOWN if status < 400 else codes.to_grpc(status)

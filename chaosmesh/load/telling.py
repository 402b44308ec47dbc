"""Finished requests as Locust's request events."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from chaosmesh.load.plan import Stream
from chaosmesh.load.wire import Row

_TYPES = {"http2": "HTTP2", "grpc": "GRPC", "tcp": "TCP"}  # HTTP/1.1 goes by its method, as in Locust

Fire = Callable[..., None]
"""Locust's `events.request.fire`."""


class NoAnswerError(Exception):
    """What Locust is told of a request without an answer."""


class ServerError(Exception):
    """What Locust is told of a status of 500 or more, and of a grpc-status other than 0."""


def tell(fire: Fire, stream: Stream, rows: Iterable[Row], prefix: str = "") -> None:
    """Locust counts from the intended time too, so its own tables and charts tell the truth.

    `prefix` goes before the path in a row's name.
    """
    for _, spec, intended, _, done, status, size, grpc, failure in rows:
        request = stream.requests[spec]
        fire(
            request_type=_TYPES.get(request.protocol, request.method),
            name=prefix + request.path,
            response_time=(done - intended) / 1e6,
            response_length=size,
            response=None,
            context={},
            exception=_exception(status, grpc, failure),
            start_time=intended / 1e9,
            url=stream.url + request.path,
        )


def _exception(status: int, grpc: int, failure: str) -> Exception | None:
    if failure:
        return NoAnswerError(failure)
    if status >= 500:
        return ServerError(f"status {status}")
    return ServerError(f"grpc-status {grpc}") if grpc > 0 else None

"""gRPC codes and HTTP statuses in each other's words.

From HTTP to gRPC as gRPC's own document "HTTP to gRPC Status Code Mapping" has it, which is for statuses that no
gRPC program made; from gRPC to HTTP as the comments of `google.rpc.Code` have it.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

OK: Final = 0
UNKNOWN: Final = 2
INVALID_ARGUMENT: Final = 3
RESOURCE_EXHAUSTED: Final = 8
UNIMPLEMENTED: Final = 12
UNAVAILABLE: Final = 14
LAST: Final = 16

TO_HTTP: Final = MappingProxyType(
    {
        OK: 200,
        1: 499,  # CANCELLED
        UNKNOWN: 500,
        INVALID_ARGUMENT: 400,
        4: 504,  # DEADLINE_EXCEEDED
        5: 404,  # NOT_FOUND
        6: 409,  # ALREADY_EXISTS
        7: 403,  # PERMISSION_DENIED
        RESOURCE_EXHAUSTED: 429,
        9: 400,  # FAILED_PRECONDITION
        10: 409,  # ABORTED
        11: 400,  # OUT_OF_RANGE
        UNIMPLEMENTED: 501,
        13: 500,  # INTERNAL
        UNAVAILABLE: 503,
        15: 500,  # DATA_LOSS
        LAST: 401,  # UNAUTHENTICATED
    }
)
TO_GRPC: Final = MappingProxyType({400: 13, 401: 16, 403: 7, 404: 12, 429: 14, 502: 14, 503: 14, 504: 14})


def to_http(code: int) -> int:
    """The HTTP status for a gRPC code; 500 for one that doesn't exist."""
    return TO_HTTP.get(code, 500)


def to_grpc(status: int) -> int:
    """The gRPC code for an HTTP status; below 400 it is OK, as it comes with an answer of a stand-in."""
    return OK if status < 400 else TO_GRPC.get(status, UNKNOWN)

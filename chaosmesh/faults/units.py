"""Sizes, rates and gRPC codes as people write them."""

from __future__ import annotations

import re

from chaosmesh.errors import UsageError

_BYTES = {"b": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3, "kib": 1024, "mib": 1024**2, "gib": 1024**3}
_SIZE = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([a-z]+)\s*", re.IGNORECASE)
_RATE = re.compile(r"(.*)/\s*s(?:ec)?\s*")

GRPC = (
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
)
"""Names of gRPC's codes by number (gRPC core, statuscodes.md)."""

_BY_STATUS = {400: 13, 401: 16, 403: 7, 404: 12, 429: 14, 502: 14, 503: 14, 504: 14}
"""gRPC's own table for HTTP statuses (gRPC core, http-grpc-status-mapping.md); Envoy answers by it too."""


def size(value: int | str, what: str) -> int:
    """Bytes of "1KB", "64 B", "2MiB" or a whole number of bytes. KB is 1,000 bytes, KiB 1,024."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    unit = _BYTES.get(found[2].lower()) if found else None
    if found is None or unit is None:
        raise UsageError(f"{what}: {value!r} is no size", hint='write it like "1KB" or "64B"')
    return _whole(float(found[1]) * unit, value, what, "bytes")


def rate(value: str, what: str) -> int:
    """Kilobytes a second of "64KB/s", which is how Toxiproxy counts."""
    found = _RATE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise UsageError(f"{what}: {value!r} is no rate", hint='write it like "64KB/s"')
    return _whole(size(found[1], what) / 1000, value, what, "KB/s, as Toxiproxy counts")


def share(value: float, what: str, hint: str = "share=0.3 is 30 %") -> float:
    """A number above 0 and at most 1."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UsageError(f"{what}: share={value!r} is no number", hint=hint)
    if not 0 < value <= 1:
        raise UsageError(f"{what}: share must be above 0 and at most 1 (got {value})", hint=hint)
    return value


def grpc_code(value: str | int, what: str) -> int:
    """The number of "UNAVAILABLE" or of a number."""
    if isinstance(value, str) and value.upper() in GRPC:
        return GRPC.index(value.upper())
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(GRPC):
        return value
    raise UsageError(
        f"{what}: {value!r} is no gRPC code", hint=f"one of {', '.join(GRPC[1:])}, or its number"
    )


def grpc_of_status(status: int) -> int:
    """The gRPC code that a gRPC client gets for an HTTP status."""
    return _BY_STATUS.get(status, GRPC.index("UNKNOWN"))


def _whole(number: float, value: object, what: str, unit: str) -> int:
    if number != round(number):
        raise UsageError(f"{what}: {value!r} is no whole number of {unit}", hint='"1KB", "64KB/s"')
    return round(number)

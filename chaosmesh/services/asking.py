"""A request as every protocol brings it, and what of it is passed on to backends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

PASSED_ON: Final = (
    "x-request-id",
    "x-chaosmesh-lineage",
    "x-standin",
    "traceparent",
    "tracestate",
    "baggage",
    "b3",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-parentspanid",
    "x-b3-sampled",
    "x-b3-flags",
)
OWN: Final = "x-"
"""Headers that begin so are the application's own (who asks, which cohort): they are passed on as well."""
NOT_OWN: Final = ("x-envoy-", "x-chaosmesh-", "x-forwarded-", "x-app-mesh-")
BODY_LIMIT: Final = 1 << 20  # bytes of a request that are passed on


@dataclass(slots=True)  # not frozen: that would cost 1 µs a request
class Ask:
    """`target` is path and query, "" over TCP. Names of headers come in small letters, or in any case if the mapping
    doesn't care. `read` gives the body; over gRPC (`is_grpc`) with its framing."""

    method: str
    target: str
    headers: Mapping[str, str]
    read: Callable[[], Awaitable[bytes]]
    is_grpc: bool = False

    def context(self) -> dict[str, str]:
        """The headers that backends get too."""
        get = self.headers.get
        context = {name: value for name in PASSED_ON if (value := get(name)) is not None}
        for name, value in self.headers.items():
            if name[:2].lower() == OWN and not name.lower().startswith(NOT_OWN):
                context[name.lower()] = value
        return context


async def nothing() -> bytes:
    """The body of a request that has none."""
    return b""

"""A span as all tracers make it: what one sidecar did for one request, or for one attempt of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from chaosmesh.envoy import tracing

Kind = Literal["ingress", "app", "call", "attempt"]
"""What came in at a sidecar; that passed on to its application; what its application sent out; one try of that."""

RETRIES: Final = "retry.count"
STATUS: Final = "http.status_code"
_OWN: Final = frozenset(
    {
        tracing.SIDECAR,
        tracing.SIDE,
        tracing.REQUEST,
        tracing.CALL,
        tracing.ATTEMPT,
        tracing.HEALTH,
        STATUS,
        RETRIES,
        "appmesh.mesh",
        "appmesh.virtual_node",
        "appmesh.virtual_gateway",
        "chaosmesh.replica",
        "component",
        "node_id",
        "zone",
        "guid:x-request-id",
    }
)
"""Tags that a span has as fields, or that are the same for all."""


@dataclass(frozen=True, slots=True)
class Span:
    """Times are the sidecar's clock, epoch nanoseconds. `sidecar` is its key ("node.index"). `attempt`: of an
    `attempt` its own number from 1, of what came in that of its caller, of a call how many it took; `status` 0: no
    answer. Ids are text as the tracer writes it; `parent_id` is "" at the root."""

    trace_id: str
    span_id: str
    parent_id: str
    request_id: str
    call: str
    sidecar: str
    kind: Kind
    name: str
    start_ns: int
    end_ns: int
    status: int
    attempt: int
    error: bool
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def duration_ms(self) -> float:
        """Milliseconds."""
        return (self.end_ns - self.start_ns) / 1e6

    def as_json(self) -> dict[str, Any]:
        """Its fields as plain data."""
        return {name: getattr(self, name) for name in SPAN_FIELDS} | {"tags": dict(self.tags)}


SPAN_FIELDS: Final = tuple(name for name in Span.__dataclass_fields__ if name != "tags")


def span_of(
    ids: tuple[str, str, str],
    name: str,
    times_ns: tuple[int, int],
    tags: Mapping[str, str],
    *,
    upstream: bool,
    error: bool,
) -> Span | None:
    """A span of what a tracer sent; None for one that is not of a request (health checks, strangers).

    `ids` are those of the trace, the span and its parent; `upstream`: whether it is about what the sidecar asked for.
    """
    side = tags.get(tracing.SIDE, "")
    if not side or tracing.HEALTH in tags:
        return None
    kinds: tuple[Kind, Kind] = ("call", "attempt") if side == "egress" else ("ingress", "app")
    retries = _number(tags.get(RETRIES))
    own = upstream and side == "egress"
    return Span(
        *ids,
        request_id=tags.get(tracing.REQUEST, ""),
        call=tags.get(tracing.CALL, ""),
        sidecar=tags.get(tracing.SIDECAR, ""),
        kind=kinds[upstream],
        name=name,
        start_ns=times_ns[0],
        end_ns=times_ns[1],
        status=_number(tags.get(STATUS)),
        attempt=retries + 1 if own else _number(tags.get(tracing.ATTEMPT)),
        error=error,
        tags={name: value for name, value in tags.items() if name not in _OWN and value not in ("", "-")},
    )


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else 0

"""What became of one request, as data: a tree of steps, each with its time and what it met."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from chaosmesh.envoy.spans import Span
from chaosmesh.ledger.model import succeeded

Kind = Literal["client", "ingress", "app", "call", "attempt"]


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of the waterfall. Times are epoch nanoseconds. `where` is a sidecar's key, or the caller and the
    service of a call; `span` is the id of its span, "" where no tracer told."""

    kind: Kind
    where: str
    start_ns: int
    end_ns: int
    status: int = 0
    grpc_status: int | None = None
    flags: tuple[str, ...] = ()
    attempt: int = 0
    notes: tuple[str, ...] = ()
    span: str = ""
    steps: tuple[Step, ...] = ()

    @property
    def duration_ms(self) -> float:
        """Milliseconds."""
        return (self.end_ns - self.start_ns) / 1e6

    @property
    def ok(self) -> bool:
        """Whether it ended well."""
        return succeeded(self.status, self.grpc_status)

    def walk(self, depth: int = 0) -> Iterator[tuple[int, Step]]:
        """It and everything below, each with its depth."""
        yield depth, self
        for one in self.steps:
            yield from one.walk(depth + 1)


@dataclass(frozen=True, slots=True)
class Story:
    """One request. `trace_id` is "" where no tracer ran (or took it): `steps` come from the access logs alone then.
    `faults` were in force while it was under way; `missing`: rows that never came."""

    request_id: str
    root: Step
    ok: bool
    cause: str = ""
    faults: tuple[str, ...] = ()
    trace_id: str = ""
    missing: tuple[str, ...] = ()
    spans: tuple[Span, ...] = field(default=(), repr=False)

    @property
    def attempts(self) -> int:
        """How many attempts it took on all hops."""
        return sum(step.kind == "attempt" for _, step in self.root.walk())

    def __str__(self) -> str:
        from chaosmesh.ledger.waterfall import plain

        return plain(self)

    def as_json(self) -> dict[str, Any]:
        """Plain data; `spans` are those of the tracer."""
        found = asdict(replace(self, spans=()))
        return {**found, "attempts": self.attempts, "spans": [one.as_json() for one in self.spans]}

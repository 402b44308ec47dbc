"""What the control tower's page is told, once a second: schema "chaosmesh.tower/1" (docs/tower.md has the meanings).

Plain frozen dataclasses whose fields are the names in the JSON; `encoded` writes any of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

SCHEMA: Final = "chaosmesh.tower/1"

Tone = Literal["ok", "warn", "bad", "idle"]


@dataclass(frozen=True)
class LoadTotal:
    """Requests of users since the start: sent, and of those that have ended how."""

    sent: int
    ok: int
    failed: int


@dataclass(frozen=True)
class Load:
    """The load of the last 10 s. `late`: why the generator was late, if so."""

    running: bool
    users: int
    planned_rps: float
    sent_rps: float
    done_rps: float
    success: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    lag_p99_ms: float | None
    late: str | None
    total: LoadTotal


@dataclass(frozen=True)
class Replica:
    """One copy. `ejected`: the clients that avoid it after errors; `healthy`: by health checks, None without any."""

    index: int
    state: Literal["up", "down", "hung", "starting"]
    ejected: Sequence[str]
    healthy: bool | None
    pid: int | None


@dataclass(frozen=True)
class Node:
    """A workload and where it stands in the picture."""

    id: str
    label: str
    kind: str
    column: int
    row: float
    entry: bool
    replicas: Sequence[Replica]


@dataclass(frozen=True)
class TargetShare:
    """One target of a service: its weight as written (per cent) and what it got in the last 10 s."""

    node: str
    weight: float
    share: float | None
    n: int


@dataclass(frozen=True)
class Range:
    """From and to."""

    low: float
    high: float


@dataclass(frozen=True)
class Predicted:
    """What the policy predicts of an edge under the faults in force: success of its calls (99 % of windows of this size lie
    in it), and attempts a call."""

    success: Range
    attempts: float


@dataclass(frozen=True)
class EdgeHistory:
    """The last 60 whole seconds; `success` is null in a second without calls."""

    rps: Sequence[int]
    success: Sequence[float | None]


@dataclass(frozen=True)
class Edge:
    """Calls of a workload to a service in the last 10 s; `total` since the start."""

    id: str
    client: str
    service: str
    label: str
    targets: Sequence[TargetShare]
    rps: float
    n: int
    success: float | None
    attempts: float | None
    p50_ms: float | None
    p99_ms: float | None
    ejections: int
    overflows: int
    tone: Tone
    predicted: Predicted | None
    faults: Sequence[str]
    history: EdgeHistory
    total: Mapping[str, int]


@dataclass(frozen=True)
class Field:
    """One thing that may be told of a fault. `default` None: nothing need be written."""

    name: str
    label: str
    type: Literal["int", "share", "ms", "text", "choice"]
    default: Any = None
    min: float | None = None
    max: float | None = None
    choices: Sequence[str] | None = None


@dataclass(frozen=True)
class Kind:
    """A fault that can be made here."""

    kind: str
    label: str
    on: Literal["edge", "replica", "control-plane", "external", "host"]
    fields: Sequence[Field]


@dataclass(frozen=True)
class FaultState:
    """A fault in force. `hit`: attempts (or acts) that show it, None where nothing tells."""

    id: str
    kind: str
    label: str
    on: Mapping[str, Any]
    fields: Mapping[str, Any]
    since_ms: int
    ttl_s: float
    left_s: float
    hit: int | None
    evidence: str


@dataclass(frozen=True)
class RouteState:
    """A route as App Mesh has it now. `hash` names this version; an edit must bring it back. `hidden_retries`: those that the
    platform adds by itself where none are written."""

    id: str
    router: str
    route: str
    edge: str | None
    kind: str
    targets: Sequence[Mapping[str, Any]]
    retry: Mapping[str, Any] | None
    timeout: Mapping[str, Any] | None
    where: str
    hash: str
    hidden_retries: int = 0


@dataclass(frozen=True)
class BreakerState:
    """The connection pool of a node's (or a gateway's) listener, None if there is none."""

    id: str
    listener: int
    protocol: str
    pool: Mapping[str, Any] | None
    where: str
    hash: str


@dataclass(frozen=True)
class CanaryState:
    """The scenario's canary: `at` per cent of the route's traffic are at the new version."""

    route: str
    to: str
    steps: Sequence[int]
    at: int
    state: Literal["ready", "running", "paused", "done", "taken back", "held"]
    reason: str


@dataclass(frozen=True)
class ClaimState:
    """An expectation and what is known of it in the present episode."""

    id: str
    text: str
    on: str | None
    verdict: Literal["pass", "fail", "inconclusive", "invalid"]
    since_ms: int
    n: int
    k: float
    estimate: float | None
    low: float
    high: float
    bound: float
    needed: int | None
    reason: str
    points: Sequence[Sequence[float]]


@dataclass(frozen=True)
class EventState:
    """Something that happened. `ms`: how long it took, or took until it was in force."""

    id: int
    at_ms: int
    kind: str
    text: str
    edge: str | None = None
    ms: float | None = None


@dataclass(frozen=True)
class History:
    """Second by second, for 20 minutes at most; null where nothing ended in a second. `band_low` and `band_high`: success
    at the entry as predicted."""

    t: Sequence[int]
    planned: Sequence[float]
    done: Sequence[int]
    failed: Sequence[int]
    p50: Sequence[float | None]
    p95: Sequence[float | None]
    p99: Sequence[float | None]
    band_low: Sequence[float | None]
    band_high: Sequence[float | None]
    windows: Sequence[Mapping[str, Any]]  # {"from", "to" (null: still), "label"}, epoch seconds


@dataclass(frozen=True)
class State:
    """Everything. `history` is left out of the stream."""

    schema: str
    at_ms: int
    mesh: str
    runtime: str
    profile: str
    seed: int
    folder: str
    locust: str | None
    api: str | None
    uptime_s: float
    load: Load
    nodes: Sequence[Node]
    edges: Sequence[Edge]
    kinds: Sequence[Kind]
    faults: Sequence[FaultState]
    routes: Sequence[RouteState]
    breakers: Sequence[BreakerState]
    canary: CanaryState | None
    claims: Sequence[ClaimState]
    events: Sequence[EventState]
    history: History | None = None


def encoded(value: Any) -> bytes:
    """JSON of any of these; what is infinite becomes null, as JSON has no word for it."""
    return json.dumps(plain(value), separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def plain(value: Any) -> Any:
    """The same in lists and mappings."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, Sequence):
        return [plain(one) for one in value]
    return {name: plain(one) for name, one in vars(value).items()}

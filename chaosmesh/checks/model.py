"""What a check is: traffic to send, and a judgement on what the ledger saw of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from chaosmesh.appmesh import Resource
from chaosmesh.errors import Where
from chaosmesh.judge import Verdict
from chaosmesh.ledger import Attempt, Call, Request
from chaosmesh.load.plan import Protocol

EARLY_SHARE, EARLY_MS = 0.02, 5.0
"""How much earlier than its bound Envoy's timer is seen to fire on a quiet host."""

Place = Literal["egress", "open", "door", "sidecar"]
TlsUse = Literal["as wanted", "plain", "unnamed"]
Basis = Literal["documented", "observed", "inferred"]


@dataclass(frozen=True, slots=True)
class Shape:
    """What a request looks like. `path` carries the query string; over gRPC it is the method, and `headers` are
    metadata. Over TCP none of them counts. `host` is what is asked for ("": the service)."""

    path: str = "/"
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    protocol: Protocol = "http"
    host: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """What happens to one copy of a node once `after` requests of the probe are answered, or, with `alone_s`, as soon
    as the copy has been left alone for so many seconds while others were called.

    "sick" and "well": its application fails, or passes, health checks.
    """

    after: int
    what: Literal["sick", "well"]
    node: str
    replica: int = 0
    alone_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Probe:
    """`count` requests of one shape that `client`'s application sends to `service` at `rate` a second.

    `place` says where they are sent: to the `egress` that the client has for the service; `open`ly to its sidecar's port
    for everything (15001), which goes by the host; through its `door`, as users do; or straight at the port of its `sidecar`, as other sidecars do.
    `tls`: "as wanted" by who listens there, "plain" text in any case, or "unnamed": TLS without a certificate of one's own.
        `port` is the service's (None: its first). `standin` is what the stand-ins are told (nothing: they behave), `down` asks for the
    edge to be down meanwhile, `timeout` is what the sender waits in seconds, `wait` what an answer is expected
    to take. With `split` the stream goes on until the judgement is decided, `count` being the most.
    """

    client: str
    service: str
    shape: Shape
    count: int
    rate: float = 20.0
    standin: str = ""
    timeout: float = 20.0
    wait: float = 0.0
    down: bool = False
    split: bool = False
    port: int | None = None
    place: Place = "egress"
    tls: TlsUse = "as wanted"
    acts: tuple[Act, ...] = ()
    log: bool = False

    @property
    def seconds(self) -> float:
        """How long the probe takes; a split is decided about halfway on average."""
        return self.count / self.rate / (2 if self.split else 1) + self.wait


@dataclass(frozen=True, slots=True)
class Seen:
    """What the ledger has of one probe. `problem` says why it can't be judged, if so.

    `marks` are the times (epoch ns) at which the probe's acts were in force, `log` what the client's log file has got
    meanwhile.
    """

    calls: Sequence[Call]
    requests: Sequence[Request]
    problem: str | None = None
    marks: tuple[int, ...] = ()
    log: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The judgement on a check: `n` calls were looked at."""

    verdict: Verdict
    reason: str
    observed: Mapping[str, Any] = field(default_factory=dict)
    expected: Mapping[str, Any] = field(default_factory=dict)
    n: int = 0


@dataclass(frozen=True, slots=True)
class Check:
    """One rule, tried. `judge` gets what was seen of each probe, in the order of `probes`.

    Checks that disturb each other are tried by their `turn`. `alone` names what no other check may touch meanwhile, `shares` what it touches beside others.
    """

    id: str
    resource: Resource
    statement: str
    basis: Basis
    probes: tuple[Probe, ...]
    judge: Callable[[Sequence[Seen]], Outcome]
    where: Where | None = None
    turn: int = 5
    alone: frozenset[str] = frozenset()
    shares: frozenset[str] = frozenset()

    @property
    def place(self) -> Where:
        """Where the rule is written; a rule that nobody wrote has the place of its resource."""
        return self.where or self.resource.where

    @property
    def seconds(self) -> float:
        """About how long it takes; its probes run side by side."""
        return max(probe.seconds for probe in self.probes)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A rule that is not checked, and why."""

    id: str
    reason: str


def done(one: Call | Attempt) -> bool:
    """Whether a call or an attempt was answered as a program that is well answers; one that knows no such path is."""
    return 200 <= one.status < 500 and not one.grpc_status


def answer(one: Call | Attempt) -> int:
    """The status, over gRPC its own."""
    return one.status if one.grpc_status is None else one.grpc_status


def answer_text(one: Call | Attempt) -> str:
    """The same in words."""
    return str(one.status) if one.grpc_status is None else f"gRPC status {one.grpc_status}"


def cut(one: Call | Attempt) -> bool:
    """Whether a timeout ended it, on either side."""
    flags = {*one.flags, *(one.server_flags if isinstance(one, Attempt) else ())}
    return one.status == 504 or bool({"UT", "SI"} & flags)


def not_before(outcome: Outcome, cut_ms: Sequence[float], bound_ms: float) -> Outcome:
    """A pass becomes a fail if more than half of the cuts came before the bound.

    Envoy sets its timers by the time at which its event loop's turn began: where the host held that turn up, a
    single timer fires early by as much. A wrong bound shows in all of them.
    """
    early = [ms for ms in cut_ms if ms < bound_ms * (1 - EARLY_SHARE) - EARLY_MS]
    if outcome.verdict is not Verdict.PASS or 2 * len(early) <= len(cut_ms):
        return outcome
    reason = f"{len(early)} of {len(cut_ms)} cuts came before {bound_ms:.0f} ms, the first after {min(early):.0f} ms"
    return replace(outcome, verdict=Verdict.FAIL, reason=reason)


def every(
    seen: Sequence[Seen],
    right: Callable[[Call], str],
    *,
    expected: Mapping[str, Any],
    observed: Callable[[Sequence[Call]], Mapping[str, Any]],
) -> Outcome:
    """Each call of all probes must be right: `right` answers with nothing, or with what is wrong.

    No call at all is `invalid`: a rule that met no traffic is not proved. A late generator does not matter
    here, for nothing depends on when a call was sent.
    """
    calls = [call for one in seen for call in one.calls]
    wanted = sum(len(one.requests) for one in seen)
    if not calls:
        return Outcome(Verdict.INVALID, "no call reached the caller's sidecar", {}, expected, 0)
    if len(calls) < wanted:
        return Outcome(
            Verdict.INVALID,
            f"{wanted} requests were sent, {len(calls)} calls are in the ledger",
            observed(calls),
            expected,
            len(calls),
        )
    wrong = [(call, text) for call in calls if (text := right(call))]
    if wrong:
        call, text = wrong[0]
        reason = f"{len(wrong)} of {len(calls)} calls: {text} (request {call.request_id})"
        return Outcome(Verdict.FAIL, reason, observed(calls), expected, len(calls))
    return Outcome(Verdict.PASS, f"all {len(calls)} calls", observed(calls), expected, len(calls))


def every_request(
    seen: Sequence[Seen],
    right: Callable[[Request], str],
    *,
    expected: Mapping[str, Any],
    observed: Callable[[Sequence[Request]], Mapping[str, Any]],
) -> Outcome:
    """The same for requests as their users see them: all that were sent are in the ledger."""
    requests = [one for part in seen for one in part.requests]
    if not requests:
        return Outcome(Verdict.INVALID, "no request was sent", {}, expected, 0)
    wrong = [(one, text) for one in requests if (text := right(one))]
    if wrong:
        one, text = wrong[0]
        reason = f"{len(wrong)} of {len(requests)} requests: {text} (request {one.request_id})"
        return Outcome(Verdict.FAIL, reason, observed(requests), expected, len(requests))
    return Outcome(Verdict.PASS, f"all {len(requests)} requests", observed(requests), expected, len(requests))

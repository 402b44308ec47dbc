"""What an expectation counts: requests in the order of their plan, calls and attempts from the ledger."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from chaosmesh.engine.experiment.names import Named, Path
from chaosmesh.engine.experiment.policy import most_attempts, most_attempts_entry
from chaosmesh.errors import UsageError
from chaosmesh.judge import Evidence, Requirement
from chaosmesh.ledger import Call, Ledger
from chaosmesh.load import Record
from chaosmesh.mesh import Mesh


@dataclass(frozen=True, slots=True)
class Question:
    """A requirement and the edge it is about; no edge: what users at the entry feel."""

    requirement: Requirement
    edge: Named | None = None

    def __post_init__(self) -> None:
        if not self.requirement.is_share and self.edge is None:
            name = self.requirement.name
            raise UsageError(
                f"{name} is counted on an edge, and none is named", hint=f"{name}=at_most(1.5, on=edge)"
            )

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Client and service of every edge that is meant."""
        return tuple(dict.fromkeys(one.pair for one in self.paths))

    @property
    def paths(self) -> tuple[Path, ...]:
        """Every path of the edge that is meant."""
        return self.edge.paths if self.edge else ()

    def __str__(self) -> str:
        on = f" on {self.edge}" if self.edge else ""
        return f"{self.requirement.statement}{on}"

    def met(self, status: int, latency_ms: float) -> bool:
        """Whether one outcome is of the kind that is counted. Status 0 is no answer, which is never quick."""
        one = self.requirement
        if one.limit is not None:
            return status > 0 and latency_ms <= one.limit * 1000
        if one.statuses is not None:
            return one.statuses[0] <= status <= one.statuses[1]
        return 0 < status < 500


@dataclass(slots=True)
class Outcomes:
    """Requests of one or more streams, one stream after the other.

    While a stream runs, a request counts once it and every request before it have ended: slow answers are the
    ones still missing, and counting what is there already would flatter the service.
    """

    questions: Sequence[Question]
    n: int = 0
    ok: int = 0
    unknown_path: int = 0
    latencies: list[float] = field(default_factory=list)
    _met: Counter[int] = field(default_factory=Counter)
    _waiting: dict[int, Record] = field(default_factory=dict)
    _next: int = 0

    def add(self, records: Iterable[Record]) -> None:
        """Take in a batch, in whatever order it comes."""
        self._waiting.update((one.seq, one) for one in records)
        while self._next in self._waiting:
            self._count(self._waiting.pop(self._next))
            self._next += 1

    def end(self) -> None:
        """The stream is over: what comes after a request that was never sent counts too."""
        for seq in sorted(self._waiting):
            self._count(self._waiting[seq])
        self._waiting.clear()
        self._next = 0

    def evidence(self, question: Question) -> Evidence:
        """How many of the requests were of the kind that a question counts."""
        return Evidence.share(self.n, self._met[self.questions.index(question)])

    def quantile_ms(self, q: float) -> float | None:
        """Latency quantile in ms from the intended time; None without requests or when it was never answered."""
        if not self.latencies:
            return None
        value = sorted(self.latencies)[max(0, math.ceil(q * len(self.latencies)) - 1)]
        return None if math.isinf(value) else round(value, 2)

    def _count(self, record: Record) -> None:
        latency = record.latency_ms if record.status else math.inf
        self.n += 1
        self.ok += record.ok
        self.unknown_path += record.status == 404
        self.latencies.append(latency)
        for index, one in enumerate(self.questions):
            self._met[index] += one.met(record.status, latency) and not record.grpc_status


def calls_on(ledger: Ledger, streams: Sequence[int], paths: Iterable[Path]) -> list[Call]:
    """Calls of these streams on an edge, up to the first whose rows are not all in: calls with few attempts are
    complete sooner, and counting them first would flatter. A narrowed edge keeps those that tried its node.
    """
    found: list[Call] = []
    for path in paths:
        for stream in streams:
            whole = takewhile(lambda call: call.complete, ledger.calls(stream, *path.pair))
            found.extend(one for one in whole if _tried(one, path.workload))
    return found


def _tried(call: Call, workload: str | None) -> bool:
    return workload is None or any(one.server == workload for one in call.attempts)


def on_edge(question: Question, ledger: Ledger, streams: Sequence[int], mesh: Mesh, entry: str) -> Evidence:
    """What the ledger's complete calls say about a question on an edge.

    Attempts are bounded by what the policy allows: a call with more of them makes the claim invalid.
    """
    measure = question.requirement.measure
    if measure == "amplification_entry":
        high = most_attempts_entry(mesh, entry, question.pairs)
        return _counted(_per_request(ledger, streams, question), high, question)
    calls = calls_on(ledger, streams, question.paths)
    if measure == "attempts":
        high = max(most_attempts(mesh, service) for _, service in question.pairs)
        return _counted(Counter(len(one.attempts) for one in calls), high, question)
    good = sum(question.met(one.status, one.duration_ms) and one.grpc_status in (None, 0) for one in calls)
    return Evidence.share(len(calls), good)


def _counted(counts: Counter[int], high: int, question: Question) -> Evidence:
    """A bound that the policy can't even reach needs room above it to be tested."""
    room = max(high, math.floor(question.requirement.bound + question.requirement.margin) + 1)
    return Evidence.counted({float(value): often for value, often in counts.items()}, high=room)


def _per_request(ledger: Ledger, streams: Sequence[int], question: Question) -> Counter[int]:
    return Counter(
        sum(len(call.attempts) for call in one.calls if (call.client, call.service) in question.pairs)
        for stream in streams
        for one in ledger.requests(stream)
        if one.complete
    )

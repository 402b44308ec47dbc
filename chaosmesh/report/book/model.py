"""The book of a run: frozen data, a part for each section of a report. What a run has nothing for is empty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from chaosmesh.engine.results import VerifyResult
from chaosmesh.errors import Where
from chaosmesh.ledger.story import Story
from chaosmesh.mesh.picture import Picture

Tone = Literal["good", "warn", "bad", "open", "plain"]
"""How something is: well, to be looked at, failed, undecided, or none of them."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer: `headline`, how it is, and why, what speaks against first. `word` is one word for `tone`."""

    tone: Tone
    word: str
    headline: str
    reasons: tuple[str, ...]
    exit: str


@dataclass(frozen=True, slots=True)
class Cure:
    """A change of the policy that was tried on the running mesh."""

    change: str
    where: Where | None
    before: str
    after: str
    worked: bool


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to mend or to know: a failed rule, a weak edge, a claim that was not kept."""

    tone: Tone
    word: str
    title: str
    lines: tuple[str, ...] = ()
    where: Where | None = None
    cure: Cure | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """An expectation or a claim of a canary's step. Numbers are shares or plain values by `is_share`."""

    text: str
    tone: Tone
    word: str
    estimate: float | None
    low: float | None
    high: float | None
    bound: float | None
    n: int
    is_share: bool = True
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """When a fault was in force, in seconds from the run's first request."""

    begin_s: float
    end_s: float
    label: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the load, which begins `at_s` seconds after the run's first request. `intended` and `sent` are requests a
    second; `failed` counts failures by kind of cause; percentiles in ms, None where too many got no answer."""

    at_s: float
    intended: float
    sent: float
    ok: int
    failed: Mapping[str, int]
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


@dataclass(frozen=True, slots=True)
class Load:
    """The load over time: steps of `step_s` seconds (those without requests are left out), the faults, and totals.

    `about` says which requests these are; `late` is the share that was sent more than 5 ms after its time, `lag_p99_ms`
    the 99th percentile of that delay."""

    about: str
    step_s: float
    steps: tuple[Step, ...]
    windows: tuple[Window, ...]
    requests: int
    ok: int
    late: float
    lag_p99_ms: float
    causes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Curve:
    """Latency by percentile (share → ms) of some requests: before a fault, under one, after it."""

    name: str
    requests: int
    unanswered: int
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Edge:
    """What went over an edge. `flags` counts what Envoy said of its calls; `retries` per step of the load."""

    client: str
    service: str
    calls: int
    ok: int
    attempts: int
    retried: int
    flags: Mapping[str, int]
    p99_ms: float | None
    retries: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A replica that a sidecar stopped calling while it called others: ejected, unhealthy or gone. Seconds from the run's
    first request; `others` attempts went elsewhere meanwhile."""

    sidecar: str
    service: str
    replica: str
    begin_s: float
    end_s: float | None
    others: int


@dataclass(frozen=True, slots=True)
class Split:
    """One step of a canary: the weight asked for, and the share of calls that the new version got, with its interval."""

    weight: float
    new: int
    calls: int
    low: float
    high: float
    word: str
    tone: Tone
    reason: str
    in_force_ms: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A verdict beside a line of a document."""

    line: int
    tone: Tone
    word: str
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """One document of the run, as it was, with its marks."""

    file: str
    lines: tuple[str, ...]
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the configuration or the environment."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Book:
    """Everything. `kind` says what kind of run it was, `name` what was run."""

    kind: str
    name: str
    at: str
    verdict: Verdict
    facts: tuple[Fact, ...]
    problems: tuple[Problem, ...] = ()
    result: VerifyResult | None = None
    claims: tuple[Claim, ...] = ()
    load: Load | None = None
    curves: tuple[Curve, ...] = ()
    edges: tuple[Edge, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    splits: tuple[Split, ...] = ()
    picture: Picture | None = None
    documents: tuple[Document, ...] = ()
    stories: tuple[Story, ...] = ()
    configuration: tuple[Fact, ...] = ()
    environment: tuple[Fact, ...] = ()
    notes: tuple[str, ...] = ()
    again: tuple[str, ...] = ()

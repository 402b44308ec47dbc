"""The header `x-standin`: what a stand-in shall do to this one request.

``<node>=<word>[;<word>…]``, several nodes separated by commas; ``<node>.<index>=…`` is one copy of a node. Words that act: ``status:503`` and ``grpc:14``
(either is translated where the caller speaks the other), ``delay_ms:40``, ``hang``, ``close`` (the connection),
``refuse`` (the stream, over HTTP/2 and gRPC; where there are no streams it closes the connection). Words that
bound: ``attempts:2`` (the first two attempts of the call meet it), ``until_ms:250`` (only in the first 250 ms
after the call began). Without a bound every attempt meets it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from chaosmesh.errors import UsageError
from chaosmesh.services import codes

WORDS = "status:<200-599>, grpc:<0-16>, delay_ms:<n>, hang, close, refuse, attempts:<n>, until_ms:<n>"
FLAGS = ("hang", "close", "refuse")
BOUNDS = {
    "status": (200, 599),
    "grpc": (0, codes.LAST),
    "delay_ms": (1, 600_000),
    "attempts": (1, 1000),
    "until_ms": (1, 600_000),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What one node shall do. At most one of `status`, `grpc`, `hang`, `close` and `refuse`; `delay_ms` goes before it."""

    status: int | None = None
    grpc: int | None = None
    hang: bool = False
    close: bool = False
    refuse: bool = False
    delay_ms: int = 0
    attempts: int | None = None
    until_ms: int | None = None

    def meets(self, attempt: int, age_ms: float | None) -> bool:
        """Whether this attempt meets the plan; `age_ms` since the call began, None when nobody said so."""
        if self.attempts is not None and attempt > self.attempts:
            return False
        return self.until_ms is None or age_ms is None or age_ms < self.until_ms


@lru_cache(maxsize=1024)
def parse(header: str) -> dict[str, Plan]:
    """Plan by node; UsageError with a text for the caller when the header is malformed."""
    plans: dict[str, Plan] = {}
    for part in header.split(","):
        node, equals, words = (one.strip() for one in part.partition("="))
        if not equals or not node or not words:
            raise UsageError(f"x-standin: {part.strip()!r} is not <node>=<word>[;<word>…]")
        if node in plans:
            raise UsageError(f"x-standin: {node!r} comes twice")
        plans[node] = _plan(node, words)
    return plans


def _plan(node: str, words: str) -> Plan:
    plan = Plan()
    seen: set[str] = set()
    for text in words.split(";"):
        word, colon, value = (one.strip() for one in text.partition(":"))
        if word in seen:
            raise UsageError(f"x-standin: {node}: {word!r} comes twice")
        seen.add(word)
        plan = _add(plan, node, word, value if colon else None)
    acts = (plan.status is not None) + (plan.grpc is not None) + plan.hang + plan.close + plan.refuse
    if acts > 1:
        raise UsageError(f"x-standin: {node}: only one of status, grpc, hang, close and refuse")
    if not acts and not plan.delay_ms:
        words = "status, grpc, delay_ms, hang, close, refuse"
        raise UsageError(f"x-standin: {node}: nothing to do, give one of {words}")
    return plan


def _add(plan: Plan, node: str, word: str, value: str | None) -> Plan:
    if word in FLAGS and value is None:
        flag: dict[str, Any] = {word: True}
        return replace(plan, **flag)
    lowest, highest = BOUNDS.get(word, (0, 0))
    if not highest:
        raise UsageError(f"x-standin: {node}: unknown word {word!r}; one of {WORDS}")
    if value is None or not value.isascii() or not value.isdigit() or not lowest <= int(value) <= highest:
        raise UsageError(
            f"x-standin: {node}: {word} needs a whole number from {lowest} to {highest}, not {value!r}"
        )
    changes: dict[str, Any] = {word: int(value)}
    return replace(plan, **changes)

"""What a run shows besides its claims: success and latency at the entry, attempts on the edges concerned."""

from __future__ import annotations

import math
from collections.abc import Iterable

from chaosmesh.engine.experiment.evidence import Book
from chaosmesh.ledger import Ledger

Edge = tuple[str, str]


def observed(book: Book, ledger: Ledger, edges: Iterable[Edge]) -> dict[str, float | None]:
    """ "success", "p50_ms", "p99_ms", and "attempts CLIENT>SERVICE" for each edge; None where nothing came."""
    records = book.records()
    latencies = sorted(one.latency_ms if one.status else math.inf for one in records)
    found: dict[str, float | None] = {
        "success": sum(one.ok for one in records) / len(records) if records else None,
        "p50_ms": quantile(latencies, 0.5),
        "p99_ms": quantile(latencies, 0.99),
    }
    for client, service in dict.fromkeys(edges):
        calls = [
            one
            for sent in book.facts.streams
            for one in ledger.calls(sent.id, client, service)
            if one.complete
        ]
        made = sum(len(one.attempts) for one in calls)
        found[f"attempts {client}>{service}"] = made / len(calls) if calls else None
    return found


def quantile(ordered: list[float], q: float) -> float | None:
    """A latency quantile in ms; None without requests, and where it was never answered."""
    if not ordered:
        return None
    value = ordered[max(0, math.ceil(q * len(ordered)) - 1)]
    return None if math.isinf(value) else round(value, 2)

"""The proof that the ledger saw everything: its rows against the counters of every sidecar."""

from __future__ import annotations

import asyncio
import contextlib
import json
import urllib.request
from typing import Any

from chaosmesh.engine.stack import Stack
from chaosmesh.errors import DeadlineError
from chaosmesh.ledger import Conservation, parse_stats
from chaosmesh.runtime import probe
from chaosmesh.runtime.runtime import ADMIN_PORT

FILTER = "/stats?format=json&filter=%5Ecluster%5C.cds_egress_.%2A%5C.upstream_rq_"
SECONDS = 15.0


async def conserved(stack: Stack, seconds: float = SECONDS) -> Conservation:
    """Once nothing is sent any more: wait until every attempt that Envoy counted has its row, and no other exists.

    After that many seconds the last comparison is returned; its `differences` say what is missing.
    """
    last: list[Conservation] = []

    async def look() -> str:
        last[:] = [stack.ledger.conservation(await _counters(stack))]
        return "; ".join(last[0].differences[:3])

    with contextlib.suppress(DeadlineError):
        await probe.until("rows equal Envoy's counters", look, within=seconds)
    return last[0]


async def _counters(stack: Stack) -> dict[str, dict[str, dict[str, int]]]:
    replicas = stack.topology.replicas
    urls = [f"http://{one.sidecar}:{ADMIN_PORT}{FILTER}" for one in replicas]
    answers = await asyncio.gather(*(asyncio.to_thread(_stats, url) for url in urls))
    return {one.key: parse_stats(answer) for one, answer in zip(replicas, answers, strict=True)}


def _stats(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310 - our own sidecar, on loopback
        return json.load(answer)

"""The proof that the ledger saw everything: its rows against the counters of every sidecar."""

from __future__ import annotations

import asyncio
import contextlib
import re
import urllib.parse
from collections.abc import Mapping
from typing import Any

from chaosmesh.engine.admin import NO_ANSWER, page
from chaosmesh.engine.stack import Stack
from chaosmesh.errors import DeadlineError
from chaosmesh.ledger import Conservation, parse_stats
from chaosmesh.runtime import probe

LOGGED = "access_logs.grpc_access_log.logs_written"
FILTER = rf"^(cluster\.cds_egress_.*\.upstream_rq_|{re.escape(LOGGED)}$)"
SECONDS = 15.0


async def conserved(stack: Stack, seconds: float = SECONDS) -> Conservation:
    """Once nothing is sent any more: wait until every attempt that Envoy counted has its row, and no other exists; and
    until whatever else the sidecars wrote into their logs has come (Envoy's `logs_written` leaves out what it dropped).

    After that many seconds the last comparison is returned; its `differences` say what is missing.
    """
    last: list[Conservation] = []

    async def look() -> str:
        answers = await _stats_of(stack)
        last[:] = [stack.ledger.conservation({key: parse_stats(one) for key, one in answers.items()})]
        return "; ".join([*last[0].differences, *_under_way(stack, answers)][:3])

    with contextlib.suppress(DeadlineError):
        await probe.until("rows equal Envoy's counters", look, within=seconds)
    return last[0]


def _under_way(stack: Stack, answers: Mapping[str, Any]) -> list[str]:
    """Which sidecars wrote more than has come."""
    taken = stack.control.access_logs.taken
    written = {key: _value(answer, LOGGED) for key, answer in answers.items()}
    return [
        f"{key}: {taken[key]} of {count} entries of its log"
        for key, count in written.items()
        if taken[key] < count
    ]


def _value(answer: Any, name: str) -> int:
    return next((int(one["value"]) for one in answer["stats"] if one.get("name") == name), 0)


async def _stats_of(stack: Stack) -> dict[str, Any]:
    """What each sidecar counts, by its key; one that can't be asked is left out."""
    replicas = stack.topology.replicas
    path = f"/stats?format=json&filter={urllib.parse.quote(FILTER)}"
    answers = await asyncio.gather(*(asyncio.to_thread(_stats, one.sidecar, path) for one in replicas))
    return {one.key: answer for one, answer in zip(replicas, answers, strict=True) if answer is not None}


def _stats(sidecar: str, path: str) -> Any:
    with contextlib.suppress(*NO_ANSWER):
        return page(sidecar, path, SECONDS)
    return None

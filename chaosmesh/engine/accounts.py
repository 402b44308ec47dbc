"""The proof that the ledger saw everything: its rows against the counters of every sidecar."""

from __future__ import annotations

import contextlib
import re
import time

from chaosmesh.engine import entries
from chaosmesh.engine.stack import Stack
from chaosmesh.errors import DeadlineError
from chaosmesh.ledger import Conservation, parse_stats
from chaosmesh.runtime import probe

COUNTED = rf"^(cluster\.cds_egress_.*\.upstream_rq_|{re.escape(entries.WRITTEN)}$)"
SECONDS = 15.0


async def conserved(stack: Stack, seconds: float = SECONDS) -> Conservation:
    """Once nothing is sent any more: wait until every attempt that Envoy counted has its row, and no other exists; and
    until whatever else the sidecars wrote into their logs has come (Envoy's `logs_written` leaves out what it dropped).

    After that many seconds the last comparison is returned; its `differences` say what is missing.
    """
    last: list[Conservation] = []

    async def look() -> str:
        asked_ns = time.time_ns()
        answers = await entries.stats(stack.topology, COUNTED, SECONDS)
        last[:] = [stack.ledger.conservation({key: parse_stats(one) for key, one in answers.items()})]
        return "; ".join([*last[0].differences, *entries.Owed(stack, answers, asked_ns).lacking()][:3])

    with contextlib.suppress(DeadlineError):
        await probe.until("rows equal Envoy's counters", look, within=seconds)
    return last[0]

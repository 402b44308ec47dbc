"""What sidecars wrote into their logs, against what has come of it.

A ledger can tell which rows it lacks of a request that it knows calls of; of one whose calls have no row yet it can't
know that there are any. The sidecars themselves can: Envoy counts the entries that it wrote, and leaves out what it
dropped.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
import urllib.parse
from collections.abc import Collection, Mapping
from typing import Any, Protocol

from chaosmesh.engine.admin import NO_ANSWER, page
from chaosmesh.engine.ground import Grounded
from chaosmesh.envoy import ControlPlane
from chaosmesh.ledger import Ledger
from chaosmesh.mesh import Topology

WRITTEN = "access_logs.grpc_access_log.logs_written"
PATIENCE = 10.0
"""Seconds that a sidecar may take to tell its counters; one that takes longer is not waited for."""


class Told(Protocol):
    """Who writes and where it arrives: a stack."""

    topology: Topology
    ledger: Ledger
    control: ControlPlane

    @property
    def site(self) -> Grounded:
        """Knows which sidecars a fault keeps from answering."""


class Owed:
    """What the sidecars had written when they were asked for their counters (after `asked_ns`, epoch), and may not have
    told yet."""

    def __init__(self, told: Told, counters: Mapping[str, Any], asked_ns: int) -> None:
        self._told = told
        self._written = {key: _value(answer, WRITTEN) for key, answer in counters.items()}
        self._asked_ns = asked_ns

    def lacking(self) -> list[str]:
        """Who of them wrote more than has come; what an ended sidecar took along is owed no more."""
        taken, killed = self._told.control.access_logs.taken, self._told.ledger.killed
        return [
            f"{key}: {taken[key]} of {count} entries of its log"
            for key, count in self._written.items()
            if taken[key] < count
            and key not in self._told.site.absent
            and killed.get(key, 0) < self._asked_ns
        ]


async def owed(told: Told, within: float) -> Owed:
    """Ask every sidecar that no fault keeps from answering, all at once, `within` seconds at most."""
    asked_ns = time.time_ns()
    counters = await stats(told.topology, f"^{re.escape(WRITTEN)}$", within, leave=told.site.absent)
    return Owed(told, counters, asked_ns)


async def stats(
    topology: Topology, pattern: str, within: float, *, leave: Collection[str] = ()
) -> dict[str, Any]:
    """What each sidecar counts under the names that the pattern matches, by its key; who does not answer, and who is to
    be left in peace, is left out."""
    asked = [one for one in topology.replicas if one.key not in leave]
    path = f"/stats?format=json&filter={urllib.parse.quote(pattern)}"
    answers = await asyncio.gather(*(asyncio.to_thread(_stats, one.sidecar, path, within) for one in asked))
    return {one.key: answer for one, answer in zip(asked, answers, strict=True) if answer is not None}


def _value(answer: Any, name: str) -> int:
    return next((int(one["value"]) for one in answer["stats"] if one.get("name") == name), 0)


def _stats(sidecar: str, path: str, within: float) -> Any:
    with contextlib.suppress(*NO_ANSWER):
        return page(sidecar, path, within)
    return None

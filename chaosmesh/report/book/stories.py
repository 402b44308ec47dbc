"""Which requests a report tells of one by one: of each cause of failure the first, and the slowest that were answered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from chaosmesh.ledger import Ledger
from chaosmesh.ledger.story import Story, story
from chaosmesh.report.book.data import Data

FAILED: Final = 8
SLOWEST: Final = 6


def stories_of(folder: Path, data: Data) -> tuple[Story, ...]:
    """Requests that failed, by how often their cause is, then the slowest."""
    failed = data.rows(
        "select arg_min(request_id, t), arg_min(kind, t) from asked where not ok group by kind"
        " order by count(*) desc, 1 limit ?",
        FAILED,
    )
    slowest = data.rows(
        "select request_id, kind from asked where ok order by latency_ms desc, request_id limit ?", SLOWEST
    )
    causes = dict([*failed, *slowest])
    if not causes:
        return ()
    ledger = Ledger.read(folder, only=causes)
    found = ((story(ledger, one), cause) for one, cause in causes.items())
    return tuple(replace(one, cause=cause or "") for one, cause in found if one is not None)

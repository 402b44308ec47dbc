"""A change that was told."""

from __future__ import annotations

from dataclasses import dataclass

from chaosmesh.engine.history.beside import Beside
from chaosmesh.engine.history.series import Facet
from chaosmesh.judge.nights import Level


@dataclass(frozen=True, slots=True)
class Turn:
    """A change that was told. `start`: the night it began, `named`: the night that proved it (indices); `nights`: how many
    are weighed since; `before`, `after`: where the share was and is, None where there is only a verdict. `open`: nothing of this
    series was told since."""

    track: str
    facet: Facet
    worse: bool
    start: int
    named: int
    nights: int
    log_evidence: float
    before: Level | None
    after: Level | None
    beside: Beside
    open: bool

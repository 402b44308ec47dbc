"""What is the same for all expectations of one test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chaosmesh.engine.experiment.live import LiveMesh
from chaosmesh.engine.experiment.result import Run
from chaosmesh.judge import Verdict


@dataclass(slots=True)
class Session:
    """What is the same for all expectations of one test. `tolerated`: verdicts that do not stop it."""

    live: LiveMesh
    seed: int
    alpha: float
    tolerated: frozenset[Verdict]
    say: Callable[[str], None]
    folders: tuple[Path, ...]
    runs: list[Run]

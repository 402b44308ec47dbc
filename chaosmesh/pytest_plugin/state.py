"""What the plugin remembers of a session."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from chaosmesh.engine.experiment.session import Meshes

Row = list[str]
"""Experiment, fault, claim, evidence, verdict, run folder."""


@dataclass(slots=True)
class State:
    """`begun`: when the session began (`time.monotonic`). `runtimes`: those that have all they need. `rows`: the table, by test (and worker of xdist). `code`: the exit code
    that an experiment asked for, and `why`. `left`: what could not be cleaned up; `said`: what meshes had to tell when they ended."""

    begun: float = field(default_factory=time.monotonic)
    meshes: Meshes | None = None
    runtimes: set[str] = field(default_factory=set)
    rows: dict[str, list[Row]] = field(default_factory=dict)
    announced: bool = False
    ran: bool = False
    interrupted: bool = False
    code: int = 0
    why: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


_STATE: pytest.StashKey[State] = pytest.StashKey()


def state_of(config: pytest.Config) -> State:
    """The session's own."""
    return config.stash.setdefault(_STATE, State())

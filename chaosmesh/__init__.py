"""chaosmesh: does this service-mesh policy do what its owner intends when things break?

What experiments import comes on first use, so that a plugin that nobody uses costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chaosmesh.engine.experiment.result import Failed, Inconclusive, Invalid, Run
    from chaosmesh.judge import Verdict, around, as_written, at_least, at_most, baseline, control, weights

__all__ = [
    "Failed",
    "Inconclusive",
    "Invalid",
    "Run",
    "Verdict",
    "around",
    "as_written",
    "at_least",
    "at_most",
    "baseline",
    "control",
    "weights",
]

_HOMES = {
    "Failed": "chaosmesh.engine.experiment.result",
    "Inconclusive": "chaosmesh.engine.experiment.result",
    "Invalid": "chaosmesh.engine.experiment.result",
    "Run": "chaosmesh.engine.experiment.result",
    "Verdict": "chaosmesh.judge",
    "around": "chaosmesh.judge",
    "as_written": "chaosmesh.judge",
    "at_least": "chaosmesh.judge",
    "at_most": "chaosmesh.judge",
    "baseline": "chaosmesh.judge",
    "control": "chaosmesh.judge",
    "weights": "chaosmesh.judge",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)

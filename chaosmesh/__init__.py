"""chaosmesh: does this service-mesh policy do what its owner intends when things break?

What experiments import comes on first use, so that a plugin that nobody uses costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chaosmesh.engine.experiment.phases import phase, ramp, repeat
    from chaosmesh.engine.experiment.result import Failed, Inconclusive, Invalid, Run
    from chaosmesh.judge import (
        Verdict,
        around,
        as_written,
        at_least,
        at_most,
        baseline,
        control,
        promql,
        weights,
    )
    from chaosmesh.load.accesslog import from_access_log
    from chaosmesh.load.curves import diurnal, spike, steps
    from chaosmesh.load.har import from_har
    from chaosmesh.load.mix import request
    from chaosmesh.load.ticks import from_locust

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
    "diurnal",
    "from_access_log",
    "from_har",
    "from_locust",
    "phase",
    "promql",
    "ramp",
    "repeat",
    "request",
    "spike",
    "steps",
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
    "diurnal": "chaosmesh.load.curves",
    "from_access_log": "chaosmesh.load.accesslog",
    "from_har": "chaosmesh.load.har",
    "from_locust": "chaosmesh.load.ticks",
    "phase": "chaosmesh.engine.experiment.phases",
    "promql": "chaosmesh.judge",
    "ramp": "chaosmesh.engine.experiment.phases",
    "repeat": "chaosmesh.engine.experiment.phases",
    "request": "chaosmesh.load.mix",
    "spike": "chaosmesh.load.curves",
    "steps": "chaosmesh.load.curves",
    "weights": "chaosmesh.judge",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)

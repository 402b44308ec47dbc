"""The gate: what the scenario's `gate:` names, one part after another, with one error budget and one verdict.

`plan.py` makes the parts (wrong input shows up there), `run.py` runs them, `result.py` is what comes out. Parts are a
verification (`verifying.py`), pytest (`experiments.py`), and questions that are asked under no fault or under one
(`asking.py`).
"""

from chaosmesh.engine.gate.part import Part, Turn
from chaosmesh.engine.gate.plan import Planned, plan_of
from chaosmesh.engine.gate.result import GateResult, Item, PartResult
from chaosmesh.engine.gate.run import GateRun

__all__ = ["GateResult", "GateRun", "Item", "Part", "PartResult", "Planned", "Turn", "plan_of"]

"""A canary: traffic shifts to a new version step by step, each judged against the stable one, and back at once if it is worse."""

from chaosmesh.engine.canary.plan import Plan, Step, plan_of
from chaosmesh.engine.canary.result import Canary, StepResult
from chaosmesh.engine.canary.shift import Shift

__all__ = ["Canary", "Plan", "Shift", "Step", "StepResult", "plan_of"]

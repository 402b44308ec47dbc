"""What `verify` tries for each rule of the policy: the declared value on one side, the ledger on the other."""

from chaosmesh.checks.model import Check, Outcome, Probe, Seen, Shape, Skipped
from chaosmesh.checks.plan import Plan, plan

__all__ = ["Check", "Outcome", "Plan", "Probe", "Seen", "Shape", "Skipped", "plan"]

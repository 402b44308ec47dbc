"""Checks that need a stand-in to fail, to wait or to be sick, where a workload runs a program of its own."""

from __future__ import annotations

import re
from collections.abc import Collection

from chaosmesh.checks import Check, Plan, Skipped

_TOLD = frozenset({"sick", "well"})


def tellable(plan: Plan, own: Collection[str]) -> Plan:
    """The plan without what these nodes' own programs can't be told; each such rule is listed with the reason."""
    kept: list[Check] = []
    left: list[Skipped] = []
    for one in plan.checks:
        deaf = sorted(_told(one) & set(own))
        if not deaf:
            kept.append(one)
            continue
        who = ", ".join(deaf)
        verb = "runs a program of its own" if len(deaf) == 1 else "run programs of their own"
        left.append(Skipped(one.id, f"{who} {verb}, which can't be told to fail or to wait"))
    return Plan(tuple(kept), (*plan.skipped, *left), plan.clauses)


def _told(check: Check) -> set[str]:
    """Nodes whose stand-ins a check tells something."""
    words = (part for probe in check.probes for part in probe.standin.split(",") if part)
    steered = {re.sub(r"\.\d+$", "", word.partition("=")[0].strip()) for word in words}
    acted = {act.node for probe in check.probes for act in probe.acts if act.what in _TOLD}
    return steered | acted

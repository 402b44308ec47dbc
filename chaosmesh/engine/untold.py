"""Checks that need a stand-in where a workload runs a program of its own: to fail, to wait, to be sick, or to answer
whatever it is asked."""

from __future__ import annotations

import re
from collections.abc import Collection

from chaosmesh.checks import Check, Plan, Probe, Skipped
from chaosmesh.mesh import Mesh

_TOLD = frozenset({"sick", "well"})


def tellable(plan: Plan, own: Collection[str], mesh: Mesh) -> Plan:
    """The plan without what these nodes' own programs can't be told; each such rule is listed with the reason."""
    hosts = {one.discovery.hostname: one.name for one in mesh.workloads if one.discovery and one.name in own}
    kept: list[Check] = []
    left: list[Skipped] = []
    for one in plan.checks:
        deaf = sorted(_told(one) & set(own))
        asked = sorted({hosts[host] for probe in one.probes if (host := _outside(probe)) in hosts})
        if deaf:
            left.append(Skipped(one.id, f"{_who(deaf)}, which can't be told to fail or to wait"))
        elif asked:
            left.append(Skipped(one.id, f"{_who(asked)}, which may know no path that it is asked for"))
        else:
            kept.append(one)
    return Plan(tuple(kept), (*plan.skipped, *left), plan.clauses)


def _who(nodes: list[str]) -> str:
    verb = "runs a program of its own" if len(nodes) == 1 else "run programs of their own"
    return f"{', '.join(nodes)} {verb}"


def _outside(probe: Probe) -> str:
    """The host that is called past every backend, by its status alone; "" for any other probe."""
    return (probe.shape.host or "").partition(":")[0] if probe.place == "open" else ""


def _told(check: Check) -> set[str]:
    """Nodes whose stand-ins a check tells something."""
    words = (part for probe in check.probes for part in probe.standin.split(",") if part)
    steered = {re.sub(r"\.\d+$", "", word.partition("=")[0].strip()) for word in words}
    acted = {act.node for probe in check.probes for act in probe.acts if act.what in _TOLD}
    return steered | acted

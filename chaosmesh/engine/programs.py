"""What runs behind each node: the documents' programs, and the scenario file over them, key by key.

Images and builds need containers: with the process runtime a stand-in answers for a workload that has nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from chaosmesh.appmesh import Resources
from chaosmesh.documents.containers import Gap
from chaosmesh.documents.scenario import Scenario
from chaosmesh.documents.tree import Problems
from chaosmesh.documents.workload_part import OF_OWN, WorkloadPart
from chaosmesh.engine.found import Found, find
from chaosmesh.engine.merging import contained, local
from chaosmesh.errors import DocumentError, Problem
from chaosmesh.mesh import Mesh
from chaosmesh.runtime.kinds import Kind
from chaosmesh.services.program import Program


@dataclass(frozen=True, slots=True)
class Behind:
    """Programs by node (a stand-in answers for the others), how many copies the documents want of them, and what the
    user should know."""

    programs: Mapping[str, Program] = field(default_factory=dict)
    copies: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def programs(
    mesh: Mesh, scenario: Scenario, found: Found | None = None, runtime: Kind = "docker"
) -> dict[str, Program]:
    """The programs of `behind` alone."""
    return dict(behind(mesh, scenario, found, runtime).programs)


def own_programs(resources: Resources, mesh: Mesh, scenario: Scenario, runtime: Kind) -> Behind:
    """What runs behind the nodes by documents and scenario. DocumentError, all problems at once; nothing is started."""
    return behind(mesh, scenario, find(resources, mesh), runtime)


def behind(mesh: Mesh, scenario: Scenario, found: Found | None = None, runtime: Kind = "docker") -> Behind:
    """What runs behind the nodes of a mesh. DocumentError, all problems at once, for what can't; nothing is started."""
    known, problems = found or Found(), Problems()
    made: dict[str, Program] = {}
    copies: dict[str, int] = {}
    notes: list[str] = []
    waiting: list[str] = []
    for workload in mesh.workloads:
        part = scenario.workloads.get(workload.name)
        base = known.programs.get(workload.name)
        if workload.gateway:
            if part is not None and part.own:
                where = scenario.place("workloads", workload.name)
                problems.add(
                    where, f"{workload.name} is a virtual gateway: Envoy alone runs there", "take it out"
                )
            continue
        if part is not None and part.standin:
            continue
        if runtime == "process":
            if part is not None and part.own and not part.contained:
                made |= local(workload, part, scenario, problems)
            elif base is not None or (part is not None and part.contained):
                waiting.append(workload.name)
            else:
                notes += _unread(workload.name, part, scenario)
            continue
        gaps = known.gaps.get(workload.name, ())
        merged = contained(workload, part, base, gaps, scenario, problems)
        notes += [_open(workload.name, gap) for gap in merged.without]
        notes += [_text(one) for one in merged.notes]
        if merged.program is None and not merged.without:
            notes += _unread(workload.name, part, scenario)
        if merged.program is not None:
            made[workload.name] = merged.program
            wanted = merged.copies or known.copies.get(workload.name)
            single = workload.discovery is not None and workload.discovery.kind == "logical_dns"
            if wanted is not None and wanted > 1 and not single:
                copies[workload.name] = wanted
    if problems:
        raise DocumentError(problems)
    if runtime == "docker":
        notes += [_text(one) for one in known.notes]
    return Behind(made, copies, (*_waiting(waiting, known), *notes))


def with_copies(scenario: Scenario, wanted: Mapping[str, int]) -> Scenario:
    """The scenario with the numbers of copies that documents want, where it says none itself."""
    parts = dict(scenario.workloads)
    for name, count in wanted.items():
        part = parts.get(name, WorkloadPart())
        if part.replicas is None:
            parts[name] = part.model_copy(update={"replicas": min(count, 50)})
    return scenario.model_copy(update={"workloads": parts})


def _waiting(names: list[str], found: Found) -> list[str]:
    if not names:
        return []
    named = any(name in found.programs for name in names)
    who = "the documents name" if named else "the scenario file names"
    listed = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    return [f"stand-ins answer for {listed}: {who} images, which --runtime docker runs"]


def _unread(node: str, part: WorkloadPart | None, scenario: Scenario) -> list[str]:
    """Keys about a program where there is none."""
    written = [key for key in OF_OWN if part is not None and key in part.model_fields_set]
    if not written:
        return []
    keys = ", ".join(f"workloads.{node}.{key}" for key in written)
    return [
        f"{scenario.place('workloads', node, written[0])} {keys}: a stand-in answers there and reads none of it"
    ]


def _open(node: str, gap: Gap) -> str:
    return f"a stand-in answers for {node}: its {gap.what} at {gap.where}: {gap.reason} (workloads.{node}.{gap.what})"


def _text(problem: Problem) -> str:
    return f"{problem.where} {problem.message}"

"""The scenario's `externals:` as what runs, or is reached, beside a mesh."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from chaosmesh.documents.scenario import Scenario
from chaosmesh.documents.tree import Problems
from chaosmesh.errors import DocumentError
from chaosmesh.mesh import Mesh
from chaosmesh.runtime.kinds import Kind
from chaosmesh.runtime.outside import Outside, environment, placed
from chaosmesh.services.program import Program


def externals(scenario: Scenario, mesh: Mesh, kind: Kind, subnet: str) -> tuple[Outside, ...]:
    """Everything outside that the scenario names, with its addresses in a run. DocumentError, all problems at once,
    for what can't be; nothing is started."""
    problems = Problems()
    known = {one.name for one in mesh.services}
    for name, part in scenario.externals.items():
        where = scenario.place("externals", name)
        if name in known:
            problems.add(where, f"{name} is a virtual service of the mesh", "give the external another name")
        if part.image is not None and kind == "process":
            problems.add(
                where, f"{name}: an image needs containers", "--runtime docker, or address: host:port"
            )
    if problems:
        raise DocumentError(problems)
    return placed(
        (
            Outside(
                name,
                part.listens,
                "",
                "",
                part.host,
                part.image or "",
                dict(part.env),
                scenario.place("externals", name),
            )
            for name, part in scenario.externals.items()
        ),
        subnet,
    )


def told(programs: Mapping[str, Program], found: Sequence[Outside], kind: Kind) -> dict[str, Program]:
    """Programs with `<NAME>_HOST` and `<NAME>_PORT`; what a program's own environment says goes over them."""
    env = environment(found, named=kind == "docker")
    return {node: replace(one, env={**env, **one.env}) for node, one in programs.items()}


def notes(found: Iterable[Outside]) -> list[str]:
    """A line for each that is on no machine of ours: faults act on this run's connections to it, and on nothing else."""
    return [
        f"external {one.name} is {one.host}:{one.port}, outside of this machine: faults act on this run's own connections "
        "to it"
        for one in found
        if one.foreign
    ]

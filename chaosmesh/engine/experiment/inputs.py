"""Documents and scenario of an experiment, found from the places that a test's author may mean."""

from __future__ import annotations

import glob
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chaosmesh.appmesh import Resources
from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine import inputs
from chaosmesh.engine.traces import Choice
from chaosmesh.errors import UsageError
from chaosmesh.runtime.kinds import Kind


@dataclass(frozen=True, slots=True)
class Wanted:
    """A mesh to run; equal ones share a running stack. `variables` are sorted pairs; `workers` send its load;
    `runtime` says where, `traces` which tracer the sidecars use (None: the scenario's). `mesh_name`, `names` (pairs of
    file and name): of documents that carry none."""

    paths: tuple[Path, ...]
    variables: tuple[tuple[str, str], ...] = ()
    profile: str = "appmesh"
    scenario: Path | None = None
    workers: int = 1
    runtime: Kind = "process"
    traces: Choice | None = None
    mesh_name: str | None = None
    names: tuple[tuple[str, str], ...] = ()


def located(given: str | Path, folders: Sequence[Path]) -> Path:
    """A path or glob, looked for from each of the folders in turn. One that begins with a dot is meant from the last one,
    the folder of whoever wrote it: there first."""
    path, looked = Path(given), []
    dotted = str(given) in {".", ".."} or str(given).startswith(("./", "../"))
    for folder in reversed(folders) if dotted else folders:
        candidate = folder / path
        many = glob.has_magic(str(given)) and glob.glob(str(candidate), recursive=True)  # noqa: PTH207 (may be absolute)
        if many or candidate.exists():
            return candidate.absolute()
        looked.append(str(folder))
    raise UsageError(f"there is no {str(given)!r}", hint=f"looked in {', '.join(dict.fromkeys(looked))}")


def read(wanted: Wanted) -> tuple[Resources, Scenario]:
    """Resources and scenario; DocumentError with all problems, nothing started."""
    return inputs.read(
        wanted.paths,
        scenario_file=wanted.scenario,
        variables=dict(wanted.variables),
        mesh_name=wanted.mesh_name,
        names=dict(wanted.names),
    )


def bindings(wanted: Wanted, scenario: Scenario) -> Mapping[str, str]:
    """Variables of the scenario, the test's own over them."""
    return {**scenario.variables, **dict(wanted.variables)}

"""Documents and scenario of an experiment, found from the places that a test's author may mean."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chaosmesh.appmesh import Resources, load
from chaosmesh.documents import Source
from chaosmesh.documents.scenario import Scenario, load_scenario
from chaosmesh.documents.source import SCENARIO_NAME
from chaosmesh.errors import DocumentError, UsageError


@dataclass(frozen=True, slots=True)
class Wanted:
    """A mesh to run; equal ones share a running stack. `variables` are sorted pairs."""

    paths: tuple[Path, ...]
    variables: tuple[tuple[str, str], ...] = ()
    profile: str = "appmesh"
    scenario: Path | None = None


def located(given: str | Path, folders: Iterable[Path]) -> Path:
    """A path or glob, looked for from each of the folders in turn."""
    path, looked = Path(given), []
    for folder in folders:
        candidate = folder / path
        many = glob.has_magic(str(given)) and glob.glob(str(candidate), recursive=True)  # noqa: PTH207 (may be absolute)
        if many or candidate.exists():
            return candidate.absolute()
        looked.append(str(folder))
    raise UsageError(f"there is no {str(given)!r}", hint=f"looked in {', '.join(dict.fromkeys(looked))}")


def read(wanted: Wanted) -> tuple[Resources, Scenario]:
    """Resources and scenario; DocumentError with all problems, nothing started."""
    scenario = load_scenario(_scenario(wanted))
    resources = load(_sources(wanted, scenario), variables=bindings(wanted, scenario))
    if problems := resources.dangling():
        raise DocumentError(problems)
    return resources, scenario


def bindings(wanted: Wanted, scenario: Scenario) -> Mapping[str, str]:
    """Variables of the scenario, the test's own over them."""
    return {**scenario.variables, **dict(wanted.variables)}


def _scenario(wanted: Wanted) -> Path | None:
    if wanted.scenario is not None:
        return wanted.scenario
    return next((one for one in wanted.paths if (one / SCENARIO_NAME).is_file()), None)


def _sources(wanted: Wanted, scenario: Scenario) -> Sequence[str | Path | Source]:
    """A folder whose scenario file names the documents stands for these."""
    own = scenario.sources()
    found: list[str | Path | Source] = []
    for one in wanted.paths:
        inside = own and one.is_dir() and one.resolve() == scenario.base.resolve()
        found.extend(own if inside else [one])
    return found

"""From what a user names to resources and scenario: one rule for the command line and for experiments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from chaosmesh.appmesh import Resources, load
from chaosmesh.appmesh.extensions import extend
from chaosmesh.appmesh.translate import translate
from chaosmesh.documents import Source
from chaosmesh.documents.scenario import Scenario, load_scenario
from chaosmesh.documents.source import SCENARIO_NAME
from chaosmesh.errors import DocumentError
from chaosmesh.mesh import Mesh


def read(
    documents: Sequence[str | Path],
    *,
    scenario_file: Path | None = None,
    variables: Mapping[str, str] = {},
    mesh_name: str | None = None,
    names: Mapping[str, str] = {},
    whole: bool = True,
) -> tuple[Resources, Scenario]:
    """Resources and scenario; DocumentError with all problems, dangling references included, nothing started.

    With `whole` false a reference to what is not among the documents is no problem.

    Without `scenario_file` the first folder that holds a scenario file gives it. `variables` go over those of the
    scenario, and stand in it then: what runs behind a node may need them too.
    """
    scenario = load_scenario(scenario_file or _scenario_folder(documents))
    scenario = scenario.model_copy(update={"variables": {**scenario.variables, **variables}})
    resources = load(
        sources(documents, scenario),
        variables=scenario.variables,
        mesh_name=mesh_name,
        names=names,
    )
    if whole and (problems := resources.dangling()):
        raise DocumentError(problems)
    return resources, scenario


def policy(resources: Resources, scenario: Scenario, profile: str = "appmesh") -> Mesh:
    """What is to be in force: the documents' policy under a profile, with what the scenario adds to it.

    DocumentError where a reference dangles or the scenario names what is not there.
    """
    return extend(translate(resources, profile), resources, scenario)


def sources(documents: Sequence[str | Path], scenario: Scenario) -> list[str | Path | Source]:
    """A folder whose scenario file names the documents stands for these; no documents at all as well."""
    own = scenario.sources()
    if not documents:
        return list(own)
    found: list[str | Path | Source] = []
    for one in documents:
        inside = own and Path(one).is_dir() and Path(one).resolve() == scenario.base.resolve()
        found.extend(own if inside else [one])
    return found


def _scenario_folder(documents: Sequence[str | Path]) -> Path | None:
    return next((Path(one) for one in documents if (Path(one) / SCENARIO_NAME).is_file()), None)

"""The scenario file `chaosmesh.yaml`: everything that is not policy. One file; everything in it is optional.

Durations are written with their unit ("250ms") and held in seconds.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    PrivateAttr,
    ValidationError,
    model_validator,
)

from chaosmesh.documents.canary_part import Canary
from chaosmesh.documents.durations import Duration
from chaosmesh.documents.explain import explain, meant, nearest
from chaosmesh.documents.external_part import External, ExternalName
from chaosmesh.documents.extras import Certificate, Fallback, RetryBudget
from chaosmesh.documents.fault_part import FaultPart
from chaosmesh.documents.gate_part import Gate
from chaosmesh.documents.load_part import Load
from chaosmesh.documents.metrics_part import Prometheus, switched
from chaosmesh.documents.part import EdgeName, Part, Positive, Share, Text
from chaosmesh.documents.slo_part import Slo
from chaosmesh.documents.source import SCENARIO_NAME, Source, read_text
from chaosmesh.documents.tracing_part import TracingPart
from chaosmesh.documents.tree import Node, Problems, places, plain
from chaosmesh.documents.workload_part import WorkloadPart
from chaosmesh.documents.yamltext import read_yaml
from chaosmesh.errors import DocumentError, Where


class MeshEntry(Part):
    """A document with its own name, parent and variables; the same file may be there more than once."""

    file: str
    name: str | None = None
    parent: str | None = None
    set: dict[str, Text] = {}


def _entry(value: Any) -> Any:
    return {"file": value} if isinstance(value, str) else value


def _date(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return datetime.date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"{value!r} is no date; write it like 2027-01-31") from None
    return value


class Waiver(Part):
    """A weakness that its owner knows of. After `until` it fails again."""

    edge: EdgeName
    fault: Literal["errors", "latency", "reset", "down", "hang", "crash"]
    reason: Annotated[str, Field(min_length=1)]
    until: Annotated[datetime.date, BeforeValidator(_date)] | None = None


class Limits(Part):
    """What stops a run at once: requests a second, its length, the share of errors."""

    rate: Positive | None = None
    duration: Duration | None = None
    errors: Share | None = None


class Scenario(Part):
    """The whole scenario file. `place` gives the position of a field, `base` the folder that paths start from."""

    mesh: tuple[Annotated[MeshEntry, BeforeValidator(_entry)], ...] = ()
    name: str | None = None
    variables: dict[str, Text] = {}
    entry: tuple[str, ...] = ()
    workloads: dict[str, WorkloadPart] = {}
    fallbacks: tuple[Fallback, ...] = ()
    retry_budgets: tuple[RetryBudget, ...] = ()
    certificates: dict[str, Certificate] = {}
    externals: dict[ExternalName, External] = {}
    slo: Slo | None = None
    accept: tuple[Waiver, ...] = ()
    limits: Limits = Limits()
    load: Load = Load()
    faults: tuple[FaultPart, ...] = ()
    gate: Gate | None = None
    canary: Canary | None = None
    prometheus: Annotated[Prometheus, BeforeValidator(switched)] = Prometheus()
    tracing: TracingPart | None = None
    seed: int = 0

    _places: Mapping[tuple[str | int, ...], Where] = PrivateAttr(default_factory=dict)
    _base: Path = PrivateAttr(default=Path())
    _written: Mapping[str, Any] = PrivateAttr(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        """`mesh:` and `entry:` may hold one value instead of a list."""
        if isinstance(value, Mapping):
            single = {
                k: [v] for k, v in value.items() if k in {"mesh", "entry"} and isinstance(v, str | Mapping)
            }
            return {**value, **single}
        return value

    @property
    def base(self) -> Path:
        """The folder of the scenario file."""
        return self._base

    @property
    def written(self) -> Mapping[str, Any]:
        """What the file says, as plain data in its own words and units; empty without a file."""
        return self._written

    def place(self, *path: str | int) -> Where:
        """Where a field is written, or its nearest parent."""
        return nearest({(): Where(str(self._base / SCENARIO_NAME)), **self._places}, path)

    def sources(self) -> tuple[Source, ...]:
        """The documents of `mesh:`, found from the scenario file's own folder; fit for `appmesh.load`."""
        return tuple(Source(self._base / one.file, one.name, one.parent, one.set) for one in self.mesh)


def load_scenario(path: Path | None) -> Scenario:
    """The scenario of a file, of a folder that holds a `chaosmesh.yaml`, or of nothing (all defaults).

    Raises DocumentError with every problem at its place. An empty file is an empty scenario.
    """
    if path is None:
        return Scenario()
    if path.is_dir():
        path = path / SCENARIO_NAME
        if not path.exists():
            return _placed(Scenario(), {}, path.parent)
    if path.is_file() and not path.stat().st_size:
        return _placed(Scenario(), {(): Where(str(path))}, path.parent)
    roots = read_yaml(read_text(path), str(path))
    root = roots[0] if roots else Node({}, Where(str(path)))
    found, problems = dict(places(root)), Problems()
    for extra in roots[1:]:
        problems.add(extra.where, "a scenario file holds one document", "take the part after --- away")
    if not isinstance(root.value, Mapping):
        problems.add(
            root.where, "a scenario is a mapping of keys", "start with a key, for example: mesh: mesh/"
        )
        raise DocumentError(problems)
    written = plain(root)
    try:
        scenario = Scenario.model_validate(written)
    except ValidationError as error:
        for detail in meant(error.errors(include_url=False)):
            message, hint = explain(detail, Scenario)
            problems.add(nearest(found, tuple(detail["loc"])), message, hint)
        raise DocumentError(problems) from None
    if problems:
        raise DocumentError(problems)
    scenario._written = written
    return _placed(scenario, found, path.parent)


def _placed(scenario: Scenario, found: Mapping[tuple[str | int, ...], Where], base: Path) -> Scenario:
    scenario._places = found
    scenario._base = base
    return scenario


def scenario_schema() -> dict[str, Any]:
    """The JSON Schema of the scenario file (draft 2020-12)."""
    schema = Scenario.model_json_schema(by_alias=True)
    several = schema["properties"]
    for key in ("mesh", "entry"):
        several[key] = {"anyOf": [several[key], {"type": "string"}]}
    several["prometheus"] = {"anyOf": [several["prometheus"], {"type": "boolean"}]}
    entry = {"anyOf": [{"$ref": "#/$defs/MeshEntry"}, {"type": "string"}]}
    several["mesh"]["anyOf"][0] = {**several["mesh"]["anyOf"][0], "items": entry}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "chaosmesh scenario",
        **schema,
    }

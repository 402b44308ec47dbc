"""The scenario's `gate:`: what must hold every night."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from chaosmesh.documents.durations import Duration
from chaosmesh.documents.fault_part import FaultPart
from chaosmesh.documents.part import Part, Words
from chaosmesh.documents.slo_part import Slo

ROOM = 100
"""Claims for which room is made in the experiments of a gate."""


class GateVerify(Part):
    """How the gate verifies the scenario: `only` checks and cells whose id matches, `strict` (a weak edge fails),
    `quick` (what takes longer than about 15 s is left out)."""

    only: Words = ()
    strict: bool = False
    quick: bool = False


def _switched(value: Any) -> Any:
    """`true` stands for every choice left as it is, `false` for nothing."""
    if isinstance(value, bool):
        return {} if value else None
    return value


class Gate(Part):
    """What the gate runs, one after another: `verify`, `experiments` (paths for pytest, from the scenario file's folder),
    `scenarios` (folders that are verified by their own scenario file), `slo` (what users must feel while nothing is
    broken) and `faults` (under each of them the same must hold). `duration`: how long one question of slo and faults is
    asked at most; `budget`: the whole gate; `undecided: warn` lets what stays undecided pass; `claims`: how many the
    experiments may make together."""

    verify: Annotated[
        GateVerify | None, BeforeValidator(_switched, json_schema_input_type=GateVerify | bool | None)
    ] = None
    experiments: Words = ()
    scenarios: Words = ()
    slo: Slo | None = None
    faults: tuple[FaultPart, ...] = ()
    duration: Annotated[Duration, Field(gt=0)] = 30.0
    budget: Annotated[Duration, Field(gt=0)] | None = None
    undecided: Literal["fail", "warn"] = "fail"
    claims: Annotated[int, Field(ge=1)] = ROOM

    @property
    def empty(self) -> bool:
        """Whether it names nothing to run."""
        return not (self.verify or self.experiments or self.scenarios or self.slo or self.faults)

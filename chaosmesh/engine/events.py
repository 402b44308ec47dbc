"""What happens during a run, as frozen events; terminal, files and pages are mere consumers of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any

from chaosmesh.engine.results import (
    CellResult,
    CheckResult,
    Cure,
    FaultDose,
    VerifyResult,
)


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The mesh is about to start. `sidecars` is the number of Envoys, `budget_s` the planned seconds (or None)."""

    mesh: str
    profile: str
    seed: int
    sidecars: int
    envoy: str
    folder: str
    goal: str
    budget_s: float | None = None


@dataclass(frozen=True, slots=True)
class PhaseStarted:
    """A phase ("start", "checks", "matrix", "cure", "stop") begins; `total` steps are planned in it."""

    name: str
    total: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """Live numbers of the step that runs: requests so far, ok so far, requests a second."""

    step: str
    done: int
    ok: int
    planned: int
    rate: float


@dataclass(frozen=True, slots=True)
class CheckFinished:
    """A rule was tried."""

    result: CheckResult


@dataclass(frozen=True, slots=True)
class CellStarted:
    """A fault is about to go on an edge. `planned` requests are needed for a verdict if all is well."""

    edge: tuple[str, str]
    fault: FaultDose
    planned: int


@dataclass(frozen=True, slots=True)
class CellFinished:
    """An edge was judged under a fault."""

    result: CellResult


@dataclass(frozen=True, slots=True)
class FaultChanged:
    """A fault went on (`on`) or was healed; `at_ns` epoch ns."""

    id: str
    edge: tuple[str, str]
    kind: str
    on: bool
    at_ns: int


@dataclass(frozen=True, slots=True)
class CureTried:
    """A one-line change of the policy was tried against a weak cell."""

    cure: Cure


@dataclass(frozen=True, slots=True)
class Note:
    """Something the user should read."""

    text: str


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The verification is over; the result is complete."""

    result: VerifyResult
    folder: str


Event = (
    RunStarted
    | PhaseStarted
    | Progress
    | CheckFinished
    | CellStarted
    | CellFinished
    | FaultChanged
    | CureTried
    | Note
    | RunFinished
)

Listener = Callable[[Event], None]


def event_json(event: Event) -> dict[str, Any]:
    """One line of `events.ndjson`: the event's name and its fields."""
    body = {name: _plain(getattr(event, name)) for name in event.__dataclass_fields__}
    return {"event": type(event).__name__, **body}


def _plain(value: Any) -> Any:
    if hasattr(value, "as_json"):
        return value.as_json()
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return list(value) if isinstance(value, tuple) else value

"""Load as a test wrote it, checked before anything is sent."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine.experiment.cohorts import with_control
from chaosmesh.engine.experiment.phases import Phase
from chaosmesh.engine.experiment.plan import Plan
from chaosmesh.engine.limits import rate_of
from chaosmesh.engine.traffic import mix_of, shape_of
from chaosmesh.errors import UsageError
from chaosmesh.judge.durations import duration as seconds
from chaosmesh.load import RequestSpec
from chaosmesh.load.mix import request
from chaosmesh.load.plan import Arrivals, Closed, Protocol
from chaosmesh.load.shapes import Shape

DEFAULT_RATE = 200.0
MOST_WORKERS = 64


@dataclass(frozen=True, slots=True)
class Wish:
    """Load as the test wrote it. `rate`: with a shape its highest; `control`: the header or edge of a cohort without
    the fault."""

    mix: tuple[RequestSpec, ...]
    rate: float
    shape: Shape | None = None
    arrivals: Arrivals = "constant"
    entry: str | None = None
    count: int | None = None
    duration: float | None = None
    workers: int | None = None
    control: Any = None
    closed: Closed | None = None
    phases: tuple[Phase, ...] = ()
    host: str | None = None

    @property
    def protocols(self) -> tuple[Protocol, ...]:
        """What is spoken, each once."""
        return tuple(dict.fromkeys(one.protocol for one in self.mix))

    def plan(self, entry: str, seed: int, patience: float | None) -> Plan:
        """What is driven at an entry."""
        mix, control = with_control(self.mix, self.control)
        plan = Plan(
            entry,
            mix,
            self.rate,
            self.arrivals,
            seed,
            self.count,
            self.duration,
            shape=self.shape,
            workers=self.workers,
            closed=self.closed,
            phases=self.phases,
            control=control,
            host=self.host,
        )
        return plan if patience is None else replace(plan, patience=patience)


def wish_of(
    scenario: Scenario,
    *,
    rate: float | None = None,
    shape: Shape | None = None,
    path: str | None = None,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: Any = b"",
    protocol: Protocol = "http",
    mix: Sequence[RequestSpec] | None = None,
    arrivals: Arrivals | None = None,
    entry: str | None = None,
    count: int | None = None,
    duration: str | None = None,
    workers: int | None = None,
    control: Any = None,
    client: str | None = None,
    host: str | None = None,
) -> Wish:
    """What `mesh.load` was asked for; what is left out comes from the scenario file."""
    own = path is not None or headers or method != "GET" or body or protocol != "http"
    if own and mix is not None:
        raise UsageError("load: path, method, headers, body and protocol say one request, mix says several")
    if rate is not None and shape is not None:
        raise UsageError("load: rate and shape both say how much", hint="leave one of them out")
    _amount("load: the rate", rate, "requests a second")
    _whole("load: the count", count)
    if arrivals not in (None, "constant", "poisson"):
        raise UsageError(f"load: arrivals {arrivals!r}", hint="constant or poisson")
    if (client is None) != (host is None) or (client and entry):
        raise UsageError(
            "load: client= and host= belong together, and take the place of entry=",
            hint='client="flights", host="example.com": what the application of flights asks of another host',
        )
    if host is not None and {protocol, *(one.protocol for one in mix or ())} != {"http"}:
        raise UsageError("load: an application calls any host over HTTP/1.1 only", hint='protocol="http"')
    form = shape if shape is not None or rate is not None else shape_of(scenario)
    if form is not None and not isinstance(form, Shape):
        raise UsageError(f"load: shape={form!r}", hint='steps((50, "2s"), (200, "2s")), or another of shapes')
    usual = rate if rate is not None else (form.peak if form else rate_of(scenario, DEFAULT_RATE))
    single = (request(path or "/", method=method, headers=headers, body=body, protocol=protocol),)
    return Wish(
        single if own else _kinds(mix) or mix_of(scenario) or single,
        usual,
        form,
        arrivals or scenario.load.arrivals,
        client or entry,
        count,
        None if duration is None else seconds(duration, "duration"),
        _workers(workers),
        control,
        host=host,
    )


def closed_wish(
    scenario: Scenario,
    file: Path,
    *,
    users: int | None,
    spawn_rate: float | None,
    entry: str | None,
    count: int | None,
    duration: str | None,
) -> Wish:
    """What `mesh.locustfile` was asked for."""
    _whole("locustfile: users", users)
    _amount("locustfile: the spawn rate", spawn_rate, "users a second")
    _whole("locustfile: the count", count)
    own = scenario.load
    closed = Closed(
        str(file),
        own.users if users is None else users,
        own.spawn_rate if spawn_rate is None else spawn_rate,
    )
    limit = None if duration is None else seconds(duration, "duration")
    any_request = RequestSpec(path="*", name="locustfile")
    return Wish((any_request,), closed.users or 1, entry=entry, count=count, duration=limit, closed=closed)


def _kinds(mix: Sequence[RequestSpec] | None) -> tuple[RequestSpec, ...]:
    if mix is None:
        return ()
    kinds = tuple(mix) if isinstance(mix, list | tuple) else ()
    if not kinds or not all(isinstance(one, RequestSpec) for one in kinds):
        raise UsageError(
            f"load: mix={mix!r} is no list of requests", hint='mix=[request("/a", weight=3), request("/b")]'
        )
    return kinds


def _amount(what: str, value: object, unit: str) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise UsageError(f"{what} must be above 0 {unit} (got {value!r})", hint="a number, without its unit")


def _whole(what: str, value: object) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise UsageError(f"{what} must be at least 1 (got {value!r})", hint="a whole number")


def _workers(given: int | None) -> int | None:
    _whole("load: workers", given)
    if given is not None and given > MOST_WORKERS:
        raise UsageError(f"load: workers must be 1 to {MOST_WORKERS} (got {given})")
    return given

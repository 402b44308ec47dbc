"""The scenario's `load:` as the generator takes it: kinds of requests and the shape of their rate."""

from __future__ import annotations

from pathlib import Path

from chaosmesh.documents.load_part import Body, RequestPart, ShapePart
from chaosmesh.documents.scenario import Scenario
from chaosmesh.errors import ChaosMeshError, DocumentError, Problem, UsageError
from chaosmesh.load import RequestSpec
from chaosmesh.load.accesslog import from_access_log
from chaosmesh.load.curves import checked, day, flat, hump
from chaosmesh.load.har import from_har
from chaosmesh.load.mix import request
from chaosmesh.load.shapes import Piece, Shape
from chaosmesh.load.ticks import from_locust


def mix_of(scenario: Scenario) -> tuple[RequestSpec, ...]:
    """Every kind of request of the mix, recordings read; DocumentError for a file that can't be used."""
    return tuple(
        spec for number, part in enumerate(scenario.load.mix) for spec in _specs(scenario, part, number)
    )


def paths_of(scenario: Scenario) -> list[str]:
    """The paths that users ask for."""
    return [one.path for one in mix_of(scenario)] or ["/"]


def shape_of(scenario: Scenario) -> Shape | None:
    """The shape of the load, if it has one."""
    part = scenario.load.shape
    if part is None:
        return None
    try:
        return _shape(scenario.base, part)
    except UsageError as error:
        where = error.where or scenario.place("load", "shape")
        raise DocumentError([Problem(where, error.message, error.hint)]) from error


def _specs(scenario: Scenario, part: RequestPart, number: int) -> tuple[RequestSpec, ...]:
    base = scenario.base
    if part.har is not None:
        return from_har(base / part.har, host=part.host, headers=part.keep, protocol=part.protocol)
    if part.log is not None:
        return from_access_log(base / part.log, headers=part.keep, protocol=part.protocol)
    try:
        body = b"" if part.body is None else _body(base, part.body)
        made = request(
            part.path,
            name=part.name,
            method=part.method,
            headers=part.headers,
            body=body,
            weight=part.weight,
            protocol=part.protocol,
        )
    except ChaosMeshError as error:
        where = scenario.place("load", "mix", number, "body")
        raise DocumentError([Problem(where, error.message, error.hint)]) from error
    return (made,)


def _body(base: Path, part: Body) -> object:
    if part.file is not None:
        return base / part.file
    return part.text if part.text is not None else part.as_json


def _shape(base: Path, part: ShapePart) -> Shape:
    if part.steps is not None:
        return checked(Shape("steps", tuple(flat(one.rate, one.length) for one in part.steps)))
    if (spike := part.spike) is not None:
        return hump(spike.base, spike.peak, spike.at, spike.width, spike.after)
    if (ramp := part.ramp) is not None:
        held = () if ramp.hold is None else (flat(ramp.end, ramp.hold),)
        return checked(Shape("ramp", (Piece(ramp.over, ramp.start, ramp.end), *held)))
    if (diurnal := part.diurnal) is not None:
        return day(diurnal.low, diurnal.high, diurnal.period, diurnal.days)
    return from_locust(str(base / (part.locust or "")))

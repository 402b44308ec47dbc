"""The scenario's `load:`: what users send, and when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from chaosmesh.documents.durations import Duration
from chaosmesh.documents.part import Count, Part, Positive, Text

_OF_RECORDINGS = {"har", "log", "host", "keep", "protocol"}


def _body(value: Any) -> Any:
    return {"text": value} if isinstance(value, str) else value


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, Mapping) else value


def _step(value: Any) -> Any:
    if isinstance(value, list | tuple) and len(value) == 2:
        return {"rate": value[0], "for": value[1]}
    return value


class Body(Part):
    """What a request carries: text, JSON (`json`), or what is in a `file` beside the scenario. One of the three."""

    text: str | None = None
    as_json: Any = Field(None, alias="json")
    file: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Body:
        if len(self.model_fields_set) != 1:
            raise ValueError("a body is one thing; write text, json or file")
        return self


class RequestPart(Part):
    """One kind of request in the mix, or all kinds of a recording: a HAR file (`har`) or an access log (`log`).

    `name` is what claims about this kind alone call it (default: the path). Of a recording, `keep` names the headers
    that are kept, `host` picks one of several.
    """

    path: Annotated[str, Field(pattern="^(/|[*]$)")] = "/"
    name: str = ""
    method: str = "GET"
    headers: dict[str, Text] = {}
    body: Annotated[Body | None, BeforeValidator(_body, json_schema_input_type=Body | str | None)] = None
    weight: Positive = 1.0
    protocol: Literal["http", "http2", "grpc", "tcp"] = "http"
    entry: str | None = None
    har: str | None = None
    log: str | None = None
    host: str | None = None
    keep: tuple[str, ...] = ()

    @property
    def recorded(self) -> bool:
        """Whether it stands for the requests of a file."""
        return self.har is not None or self.log is not None

    @model_validator(mode="after")
    def _request_or_recording(self) -> RequestPart:
        written = self.model_fields_set
        if self.har is not None and self.log is not None:
            raise ValueError("har and log are two recordings; write an entry for each")
        if self.recorded and (odd := sorted(written - _OF_RECORDINGS)):
            raise ValueError(
                f"a recording has its own {', '.join(odd)}; write the request as an entry of its own"
            )
        if not self.recorded and (odd := sorted(written & {"host", "keep"})):
            raise ValueError(f"{', '.join(odd)} is about a recording; write har or log beside it")
        return self


class Step(Part):
    """One rate for some time, also written `[50, 2s]`."""

    rate: Annotated[float, Field(ge=0)]
    length: Duration = Field(alias="for")


class Spike(Part):
    """`base` until `at`, `peak` for `width`, then `base` again (as long as before it, or for `after`)."""

    base: Annotated[float, Field(ge=0)]
    peak: Positive
    at: Duration
    width: Duration
    after: Duration | None = None


class Ramp(Part):
    """From one rate to another in a straight line, then `hold` at the last."""

    start: Annotated[float, Field(ge=0)]
    end: Annotated[float, Field(ge=0)]
    over: Duration
    hold: Duration | None = None


class Diurnal(Part):
    """A day in `period`: `low` at night, `high` at noon."""

    low: Annotated[float, Field(ge=0)]
    high: Positive
    period: Duration
    days: Annotated[int, Field(ge=1)] = 1


_Step = Annotated[Step, BeforeValidator(_step, json_schema_input_type=Step | tuple[Positive, Duration])]


class ShapePart(Part):
    """How the rate changes over time; one of these. `locust`: FILE:CLASS of a LoadTestShape."""

    steps: Annotated[tuple[_Step, ...], Field(min_length=1)] | None = None
    spike: Spike | None = None
    ramp: Ramp | None = None
    diurnal: Diurnal | None = None
    locust: str | None = None

    @model_validator(mode="after")
    def _one(self) -> ShapePart:
        if len(self.model_fields_set) != 1:
            raise ValueError("a shape is one of steps, spike, ramp, diurnal, locust; write one")
        return self


class Load(Part):
    """Open-loop load: `rate` requests a second, or a `shape`. With a `locustfile` its `users` instead, closed."""

    rate: Positive | None = None
    shape: ShapePart | None = None
    arrivals: Literal["constant", "poisson"] = "constant"
    mix: Annotated[
        tuple[RequestPart, ...],
        BeforeValidator(_one_or_many, json_schema_input_type=tuple[RequestPart, ...] | RequestPart),
    ] = ()
    timeout: Duration | None = None
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    locustfile: str | None = None
    users: Count | None = None
    spawn_rate: Positive | None = None

    @model_validator(mode="after")
    def _open_or_closed(self) -> Load:
        written = self.model_fields_set
        if self.rate is not None and self.shape is not None:
            raise ValueError("rate and shape both say how much; write one of them")
        if self.locustfile is None and (odd := sorted(written & {"users", "spawn_rate"})):
            raise ValueError(
                f"{', '.join(odd)} is about a locustfile; write locustfile, or rate for open load"
            )
        if self.locustfile is not None and (odd := sorted(written & {"rate", "shape", "mix", "arrivals"})):
            raise ValueError(f"a locustfile says itself what it sends; leave out {', '.join(odd)}")
        return self

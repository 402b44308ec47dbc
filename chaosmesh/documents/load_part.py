"""The scenario's `load:`: what users send, and when."""

from __future__ import annotations

from typing import Literal

from chaosmesh.documents.durations import Duration
from chaosmesh.documents.part import Part, Positive, Text


class RequestPart(Part):
    """One kind of request in the mix."""

    path: str = "/"
    method: str = "GET"
    headers: dict[str, Text] = {}
    body: str = ""
    weight: Positive = 1.0
    entry: str | None = None


class Load(Part):
    """Open-loop load: `rate` requests a second."""

    rate: Positive | None = None
    arrivals: Literal["constant", "poisson"] = "constant"
    mix: tuple[RequestPart, ...] = ()
    timeout: Duration | None = None

"""Kinds of requests as an experiment writes them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaosmesh.errors import UsageError
from chaosmesh.load.plan import Protocol, RequestSpec

PROTOCOLS: tuple[Protocol, ...] = ("http", "http2", "grpc", "tcp")


def request(
    path: str = "/",
    *,
    name: str = "",
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: Any = b"",
    weight: float = 1.0,
    protocol: Protocol = "http",
) -> RequestSpec:
    """One kind of request of a mix, with `weight` as its share relative to the others.

    `name` is what `of=` of a claim means, by default the path; headers may mark the users of a cohort. `body`:
    bytes, text, a Path whose file is sent, or anything else, which goes as JSON (with its content-type). For
    "grpc" the path is `/package.Service/Method` and the body the one message, for "tcp" the body is the line.
    """
    if protocol not in PROTOCOLS:
        raise UsageError(f"request {path}: protocol {protocol!r}", hint=f"one of {', '.join(PROTOCOLS)}")
    for word, text in (("path", path), ("method", method), ("name", name)):
        if not isinstance(text, str):
            raise UsageError(f"request: {word}={text!r} is no text", hint='request("/flights", method="GET")')
    if protocol != "tcp" and not path.startswith("/") and path != "*":
        raise UsageError(f"request: the path {path!r} must begin with a slash", hint=f'request("/{path}")')
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight < math.inf:
        raise UsageError(
            f"request {path}: the weight must be a number above 0 (got {weight!r})", hint="weight=3"
        )
    if headers is not None and not are_texts(headers):
        raise UsageError(
            f"request {path}: headers={headers!r}: names with texts", hint='headers={"x-user": "beta"}'
        )
    data, kind = body_of(body)
    fields = dict(headers or {})
    if kind and protocol in ("http", "http2") and "content-type" not in {one.lower() for one in fields}:
        fields["content-type"] = kind
    return RequestSpec(method, path, tuple(fields.items()), data, weight, protocol, name or path)


def are_texts(headers: object) -> bool:
    """Whether headers are names with values, all of them texts."""
    return isinstance(headers, Mapping) and all(
        isinstance(one, str) for pair in headers.items() for one in pair
    )


def body_of(body: Any) -> tuple[bytes, str]:
    """The bytes of a body, and its content-type where it has one by nature."""
    if isinstance(body, bytes):
        return body, ""
    if isinstance(body, str):
        return body.encode(), ""
    if isinstance(body, Path):
        try:
            return body.read_bytes(), ""
        except OSError as error:
            raise UsageError(f"body {body}: {error.strerror}", hint="a file that can be read") from None
    try:
        return json.dumps(body).encode(), "application/json"
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"body: {error}", hint="bytes, text, a pathlib.Path, or what JSON can hold"
        ) from None

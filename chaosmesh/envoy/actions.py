"""Pieces that the routes of every side share: marks, headers, bounds of time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from chaosmesh.envoy import names
from chaosmesh.envoy.forms import Json, seconds
from chaosmesh.mesh import Timeout

DEFAULT_TIMEOUT: Final = 15.0
CALL_ID: Final = "%CONNECTION_ID%-%START_TIME(%s%9f)%"
ANY_PATH: Final[Json] = {"prefix": "/"}


def marked(route: Json, rule: str, extra: Mapping[str, Any], content: object = None) -> Json:
    """Puts the hash of the route's own content into it: the access log then proves which version served.

    `content` replaces the content where one rule stands in several forms, which then carry one hash.
    """
    text = json.dumps([route if content is None else content, rule, extra], sort_keys=True)
    mark = {"hash": hashlib.blake2b(text.encode(), digest_size=8).hexdigest(), "rule": rule}
    return {**route, "metadata": {"filter_metadata": {"chaosmesh": mark, **extra}}}


def timeouts(timeout: Timeout) -> Json:
    """A route's bounds; 15 s where nothing is written."""
    result = {"timeout": seconds(DEFAULT_TIMEOUT if timeout.request is None else timeout.request)}
    if timeout.idle is not None:
        result["idle_timeout"] = seconds(timeout.idle)
    return result


def literal(text: str) -> str:
    """A text in which Envoy finds no command of its format language."""
    return text.replace("%", "%%")


def header(key: str, value: str) -> Json:
    """A header that is set, whatever was there; Envoy fills commands in (`literal` keeps it from that)."""
    return {"header": {"key": key, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}


def call_headers(client: str, service: str) -> list[Json]:
    """What every attempt of a call carries, so that both sides' logs can be joined; `service` may be a command."""
    return [header(names.CALL, CALL_ID), header(names.EDGE, names.edge(literal(client), service))]

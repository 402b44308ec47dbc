"""The readiness probe of a container of a pod."""

from __future__ import annotations

import re
from collections.abc import Mapping

from chaosmesh.documents.containers import Probe, braced
from chaosmesh.documents.intrinsics_text import text_of
from chaosmesh.documents.tree import Node

PERIOD, FAILURES = 10, 3
"""Kubernetes' own defaults of a probe: seconds between two, failures in a row."""


def word(node: Node | None) -> str:
    """A single value as text; "" for a list, a mapping, or nothing."""
    return "" if node is None or isinstance(node.value, Mapping | tuple) else text_of(node)


def probe_of(container: Node) -> Probe | None:
    """The readiness probe of a container; without one its start-up probe. Over TLS only the port is looked at."""
    found = container.at("readinessProbe") or container.at("startupProbe")
    if found is None or not found.fields:
        return None
    delay, period, failures = (
        float(text) if re.fullmatch(r"\d+", text := word(found.at(name))) else float(default)
        for name, default in (
            ("initialDelaySeconds", 0),
            ("periodSeconds", PERIOD),
            ("failureThreshold", FAILURES),
        )
    )
    within = delay + period * failures
    http, run, rpc = found.at("httpGet"), found.at("exec", "command"), found.at("grpc")
    if run is not None:
        return Probe(command=tuple(braced(word(one)) for one in run.items), within=within)
    if rpc is not None:
        return Probe(grpc=word(rpc.at("service")), port=_port(container, rpc), within=within)
    plain = http is not None and word(http.at("scheme")).upper() != "HTTPS"
    path = (word(http.at("path")) or "/") if http is not None and plain else ""
    return Probe(path=path, port=_port(container, http or found.at("tcpSocket") or found), within=within)


def _port(container: Node, asked: Node) -> int | None:
    """The port that a probe asks, by its number or by its name among the container's ports."""
    text = word(asked.at("port"))
    if text.isdigit():
        return int(text)
    listed = container.at("ports")
    for one in listed.items if listed else ():
        if text and word(one.at("name")) == text and word(one.at("containerPort")).isdigit():
            return int(word(one.at("containerPort")))
    return None

"""Whether a route can be tried at all: who calls it, where, and with which request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from chaosmesh.appmesh import Resources
from chaosmesh.appmesh.routing import ports_of
from chaosmesh.checks.asking import expected_route
from chaosmesh.checks.declared import Rule
from chaosmesh.checks.handshake import barred
from chaosmesh.checks.model import Probe, Shape
from chaosmesh.checks.shapes import example

CARRIERS = {"http": ("http", "http2", "grpc"), "http2": ("http", "http2", "grpc"), "grpc": ("http2", "grpc")}
"""Protocols of a node's listener that can carry what is sent to a kind of route."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a route is taken: `client` sends `shape` to a port of `service`. An attempt may take `patience` seconds (0:
    for ever) before something cuts it."""

    client: str
    service: str
    shape: Shape
    port: int | None = None
    patience: float = 0.0

    def probe(self, count: int, shape: Shape | None = None, **words: Any) -> Probe:
        """A probe on this way; `shape` replaces its request, `words` are fields of the probe."""
        return Probe(self.client, self.service, shape or self.shape, count, port=self.port, **words)


def working(resources: Resources, rule: Rule) -> Way | str:
    """The same for checks that need answers: where the TLS of both sides goes together."""
    callers = [one for one in rule.callers if barred(resources, *one, rule.nodes) is None]
    if rule.callers and not callers:
        return str(barred(resources, *rule.callers[0], rule.nodes))
    return reachable(resources, replace(rule, callers=tuple(callers)))


def reachable(resources: Resources, rule: Rule) -> Way | str:
    """The way by which the route is taken, or the reason why there is none."""
    if not rule.callers:
        return "no node has it as a backend"
    shape = example(rule.body.match, rule.protocol)
    if shape is None:
        return "no example request could be made up for it"
    if not rule.nodes:
        return "all weights are 0: no target can be reached"
    if mute := [name for name in rule.nodes if not _carries(resources, name, rule)]:
        return f"{mute[0]} has no listener that speaks {rule.protocol}"
    reason = "no port of its service takes it"
    for client, service in rule.callers:
        for port in ports_for(resources, service, rule):
            taken = expected_route(resources, service, shape, port)
            if taken == rule.route.name:
                return Way(client, service, shape, port, rule.patience)
            reason = f"route {taken} takes the example request before it" if taken else reason
    return reason


def ports_for(resources: Resources, service: str, rule: Rule) -> Iterator[int | None]:
    """The ports of a service on which a route may be taken: the written one, else those of its kind."""
    wanted = rule.body.match.port if rule.body.match else None
    ports = ports_of(resources, service)
    for one in ports:
        if wanted in (None, one.number) and (one.protocol == "tcp") == (rule.protocol == "tcp"):
            yield one.number
    if not ports:
        yield None


def _carries(resources: Resources, node: str, rule: Rule) -> bool:
    spoken = {one.port_mapping.protocol for one in resources.virtual_nodes[node].spec.listeners or ()}
    return bool(spoken if rule.protocol == "tcp" else spoken & set(CARRIERS[rule.protocol]))

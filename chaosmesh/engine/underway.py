"""How many connections a load may keep open in each process while answers take as long as the policy lets them.

By Little's law: requests under way are their rate times how long each stays. The policy bounds that: a call ends with its
timeout, or with the last of its attempts. Nobody makes more calls at once than it has requests under way, except a
program of the user's own, which may go on with what its caller has given up.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from chaosmesh.engine.modelled import limits_of, policy_of
from chaosmesh.mesh import Mesh, Route, Target

TOXIPROXY: Final = "Toxiproxy"
OF_ITSELF: Final = 200
"""Files that a sidecar has open without any load: listeners, logs, threads. Seen: 60 to 150."""

_BOTH: Final = 2  # a request that is passed on: its connection in, and its connection out
_ONE_EACH: Final = ("http", "tcp")  # over HTTP/2 and gRPC one connection carries many requests


@dataclass(frozen=True, slots=True)
class Load:
    """Requests that users send to a node, or that its application sends (`calls`): `rate` a second, each waited for
    `patience` seconds, `most` under way at once."""

    node: str
    rate: float
    patience: float
    most: float
    calls: bool = False


@dataclass(frozen=True, slots=True)
class Ground:
    """What matters beside the policy: copies by node, nodes that may take as long as their callers wait (`slow`: they have
    a queue, or run a program of the user's), and those that go on after their callers have given up (`stubborn`)."""

    mesh: Mesh
    copies: Mapping[str, int] = field(default_factory=dict)
    slow: Collection[str] = ()
    stubborn: Collection[str] = ()


@dataclass(slots=True)
class _Arriving:
    rate: float = 0.0
    alive: float = 0.0


def open_files(ground: Ground, *loads: Load) -> Counter[str]:
    """Files that may be open at once, by process: "the sidecar of NODE" (one copy's), `TOXIPROXY`."""
    found: Counter[str] = Counter()
    for one in loads:
        found.update(_Spread(ground, one).files)
    return Counter({name: files + OF_ITSELF for name, files in found.items()})


class _Spread:
    """One load, followed from node to node: callers come before those that they call, what calls back is left out."""

    def __init__(self, ground: Ground, load: Load) -> None:
        self._ground, self._mesh, self._load = ground, ground.mesh, load
        self.files: Counter[str] = Counter()
        self._at: dict[str, _Arriving] = {load.node: self._first()}
        order = self._order()
        for place, name in enumerate(order):
            self._visit(name, order[place + 1 :])

    def _first(self) -> _Arriving:
        load = self._load
        stays = min(load.patience, self._stays(load.node))
        return _Arriving(load.rate, min(load.most, load.rate * stays))

    def _stays(self, name: str) -> float:
        """Seconds that a request is at a node at most, by its own calls; infinite where nothing bounds it."""
        if name in self._ground.slow:
            return math.inf
        routes = (one for service in self._mesh.workload(name).backends for one in self._routes(service))
        return max(map(_lasts, routes), default=math.inf)

    def _routes(self, service: str) -> tuple[Route, ...]:
        try:
            return self._mesh.service(service).routes
        except KeyError:
            return ()

    def _order(self) -> list[str]:
        seen, done = {self._load.node}, list[str]()

        def follow(name: str) -> None:
            for service in self._mesh.workload(name).backends:
                for target in {one.workload for route in self._routes(service) for one in route.targets}:
                    if target not in seen:
                        seen.add(target)
                        follow(target)
            done.append(name)

        follow(self._load.node)
        return done[::-1]

    def _visit(self, name: str, after: Collection[str]) -> None:
        workload, here = self._mesh.workload(name), self._at.get(name, _Arriving())
        outward = self._load.calls and name == self._load.node
        if not outward and any(one.protocol in _ONE_EACH for one in workload.listeners):
            self._hold(name, here.alive)
        # Users who come to a gateway are for one of its services each, an application calls all of its own.
        among = max(1, len(workload.backends)) if workload.gateway else 1
        for service in workload.backends:
            for route, target, part in self._arms(service):
                self._call(
                    name, route, target, _Arriving(here.rate * part / among, here.alive * part / among), after
                )

    def _call(
        self, name: str, route: Route, target: Target, calls: _Arriving, after: Collection[str]
    ) -> None:
        alive = calls.rate * min(_lasts(route), self._load.patience)
        if name not in self._ground.stubborn:
            alive = min(alive, calls.alive)
        alive = min(alive, self._room(name, target, route) * self._copies(name))
        if route.protocol in _ONE_EACH:
            self.files[TOXIPROXY] += math.ceil(_BOTH * alive)
            self._hold(name, alive)
        if target.workload in after:
            there = self._at.setdefault(target.workload, _Arriving())
            there.rate += calls.rate * (1 + policy_of(route).retries)
            there.alive += alive

    def _hold(self, name: str, alive: float) -> None:
        """A sidecar passes something on. At a gateway what comes in and what goes out are the same requests, of which
        each has one connection in and one out; an application stands between the two elsewhere."""
        each = 1 if self._mesh.workload(name).gateway else _BOTH
        self.files[f"the sidecar of {name}"] += math.ceil(each * alive / self._copies(name))

    def _copies(self, name: str) -> int:
        """Of a node. Users come in at its first one."""
        return 1 if name == self._load.node else self._ground.copies.get(name, 1)

    def _arms(self, service: str) -> Iterator[tuple[Route, Target, float]]:
        """Where calls of a service go by its widest route, and which part of them."""
        for route in self._routes(service)[-1:]:
            whole = sum(one.weight for one in route.targets)
            yield from ((route, one, one.weight / whole) for one in route.targets if one.weight)

    def _room(self, client: str, target: Target, route: Route) -> float:
        """What a breaker lets one sidecar have under way."""
        limits = limits_of(self._mesh, client, target.workload, route.protocol)
        if limits.connections is None:
            return math.inf
        return limits.connections + (math.inf if limits.pending is None else limits.pending)


def _lasts(route: Route) -> float:
    """Seconds that a call takes at most, with all its attempts."""
    if route.protocol == "tcp":
        return math.inf
    policy = policy_of(route)
    tries = math.inf if policy.per_try is None else (1 + policy.retries) * policy.per_try
    return min(math.inf if policy.timeout is None else policy.timeout, tries)

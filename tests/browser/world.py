"""The airport as a stand-in tower tells it: figures follow the faults and the policy at once, by simple rules.

Shapes are the tower's own dataclasses, so what the page is tried against can't differ from what it will be told.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from typing import Any

from chaosmesh.engine.tower.forms import written
from chaosmesh.engine.tower.kinds import RECIPES, offered
from chaosmesh.engine.tower.state import (
    SCHEMA,
    BreakerState,
    CanaryState,
    ClaimState,
    Edge,
    EdgeHistory,
    EventState,
    FaultState,
    History,
    Load,
    LoadTotal,
    Node,
    Predicted,
    Range,
    Replica,
    RouteState,
    State,
    TargetShare,
    Tone,
)

RPS = 250.0
Targets = dict[str, float]


@dataclass
class World:
    """Everything that tests steer. Each test begins with a new one."""

    name: str = "airport"
    load: bool = False
    users: int = 0
    seconds: int = 0
    canary: bool = False
    late: str | None = None
    nodes: list[Node] = field(default_factory=list)
    paths: list[tuple[str, str, Targets]] = field(default_factory=list)
    routes: dict[str, dict[str, Any]] = field(default_factory=dict)
    breakers: dict[str, Any] = field(default_factory=dict)
    faults: dict[str, FaultState] = field(default_factory=dict)
    claims: dict[str, tuple[str, str | None, float]] = field(default_factory=dict)
    events: list[EventState] = field(default_factory=list)
    rows: list[tuple[float, ...]] = field(default_factory=list)
    windows: list[dict[str, Any]] = field(default_factory=list)
    folder: str = "runs/airport/2026-11-23T06-00-00Z"
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def event(self, kind: str, text: str, edge: str | None = None, ms: float | None = None) -> EventState:
        """Something happened."""
        made = EventState(next(self.numbers), int(time.time() * 1000), kind, text, edge, ms)
        self.events = [*self.events, made][-200:]
        return made

    def second(self, count: int = 1) -> None:
        """Time goes on: the history grows by a row for each second."""
        for _ in range(count):
            self.seconds += 1
            edges = [self.edge(*one) for one in self.paths] if self.load else []
            share = min((one.success or 1.0 for one in edges), default=1.0)
            wave = 1 + 0.06 * ((self.seconds * 7) % 11 - 5) / 5
            slow = 260.0 if any(one.kind in ("latency", "delay") for one in self.faults.values()) else 0.0
            rps = RPS if self.load else 0.0
            row = (
                rps,
                rps * (2 - wave) if rps else 0.0,
                rps * (1 - share),
                *(12 * wave + slow, 31 * wave + slow, 48 * wave + slow),
                *(share - 0.02, min(1.0, share + 0.015)),
            )
            self.rows = [*self.rows, row][-1200:]

    def strike(self, kind: str, on: dict[str, Any], fields: dict[str, Any], ttl: float) -> FaultState:
        """A fault in force."""
        recipe = RECIPES[kind]
        whole = {one.field.name: one.field.default for one in recipe.arguments} | fields
        number = next(self.numbers)
        label = written(recipe, whole)
        made = FaultState(
            f"f{number}", kind, label, on, whole, int(time.time() * 1000), ttl, ttl * 0.8, 120, ""
        )
        self.faults[made.id] = made
        self.windows.append({"from": self.now() - 1, "to": None, "label": label, "id": made.id})
        self.event("fault", label, on.get("edge"), 4.2)
        return made

    def heal(self, name: str) -> FaultState:
        """The fault is gone."""
        gone = self.faults.pop(name)
        self.windows = [one | ({"to": self.now()} if one["id"] == name else {}) for one in self.windows]
        self.event("heal", gone.label, gone.on.get("edge"), 3.1)
        return gone

    def now(self) -> int:
        """Epoch seconds of the newest row; rows are one second apart however fast a test goes."""
        return 1_795_000_000 + self.seconds

    def edge(self, client: str, service: str, targets: Targets) -> Edge:
        """The figures of one edge under the faults and the policy in force."""
        name = f"{client}->{service}"
        faults = [one for one in self.faults.values() if one.on.get("edge") == name]
        route = next((one for one in self.routes.values() if one["edge"] == name), None)
        retries = (route["retry"] or {}).get("maxRetries", 0) if route else 0
        share = max([one.fields.get("share", 0.0) for one in faults if one.kind == "errors"], default=0.0)
        share = 1.0 if any(one.kind == "down" for one in faults) else share
        slow = 300.0 if any(one.kind in ("latency", "delay") for one in faults) else 0.0
        success = 1 - share ** (retries + 1)
        attempts = sum(share**power for power in range(retries + 1))
        tone: Tone = "ok" if success >= 0.99 and not slow else "warn" if success >= 0.95 else "bad"
        n = int(RPS * 10) if self.load else 0
        weights = route["targets"] if route else targets
        shares = [
            TargetShare(one, weight, weight / 100 if n else None, int(n * weight / 100))
            for one, weight in weights.items()
        ]
        seen = [RPS if self.load else 0.0] * 60
        return Edge(
            name,
            client,
            f"{service}.airport.local",
            f"{client} → {service}",
            shares,
            RPS if n else 0.0,
            n,
            success if n else None,
            attempts if n else None,
            18.0 + slow if n else None,
            52.0 + slow if n else None,
            0,
            0,
            tone if n else "idle",
            Predicted(Range(success - 0.01, min(1.0, success + 0.01)), attempts) if n else None,
            [one.id for one in faults],
            EdgeHistory([int(one) for one in seen], [success if n else None] * 60),
            {"calls": n, "ok": int(n * success), "attempts": int(n * attempts)},
        )

    def claim(self, name: str) -> ClaimState:
        """An expectation of success: as the worst edge is."""
        text, on, bound = self.claims[name]
        edges = [self.edge(*one) for one in self.paths]
        seen = [one.success for one in edges if one.success is not None and on in (None, one.id)]
        if not seen:
            return ClaimState(
                name, text, on, "inconclusive", 0, 0, 0, None, 0.0, 1.0, bound, 1100, "no load yet", []
            )
        share = min(seen)
        points = [(t, share, share - 0.2 / (t + 1), min(1.0, share + 0.2 / (t + 1))) for t in range(40)]
        verdict = "pass" if share >= bound else "fail"
        reason = f"{share:.1%} of 2,500 requests; wanted at least {bound:.0%}"
        low, high = points[-1][2], points[-1][3]
        return ClaimState(
            name, text, on, verdict, 0, 2500, 2500 * share, share, low, high, bound, None, reason, points
        )

    def state(self, *, history: bool) -> State:
        """What the page is told."""
        edges = [self.edge(*one) for one in self.paths]
        success = min((one.success for one in edges if one.success is not None), default=None)
        sent = self.seconds * int(RPS)
        rps = RPS if self.load else 0.0
        figures = (12.0, 31.0, 48.0, 0.4) if self.load else (None, None, None, None)
        load = Load(
            self.load, self.users, rps, rps, rps, success, *figures, self.late, LoadTotal(sent, sent - 3, 3)
        )
        routes = [
            RouteState(
                name,
                one["router"],
                one["route"],
                one["edge"],
                "http",
                [{"node": node, "weight": weight} for node, weight in one["targets"].items()],
                one["retry"],
                one["timeout"],
                f"{one['route']}.json:8",
                one["hash"],
            )
            for name, one in self.routes.items()
        ]
        breakers = [
            BreakerState(name, 8080, "http", pool, f"{name.split('/')[1]}-node.json:12", "b1")
            for name, pool in self.breakers.items()
        ]
        steps = CanaryState("flights-route", "flights-v2", (10, 25, 50, 100), 10, "ready", "")
        kinds = [one.shown for one in offered("process", externals=False)]
        return State(
            SCHEMA,
            int(time.time() * 1000),
            self.name,
            "process",
            "appmesh",
            7,
            self.folder,
            "http://127.0.0.1:8089",
            "http://127.0.0.1:8080",
            float(self.seconds),
            load,
            self.nodes,
            edges,
            kinds,
            list(self.faults.values()),
            routes,
            breakers,
            steps if self.canary else None,
            [self.claim(one) for one in self.claims],
            self.events,
            self.history() if history else None,
        )

    def history(self) -> History:
        """Row by row."""
        columns = list(zip(*self.rows, strict=True)) or [()] * 8
        first = self.now() - len(self.rows) + 1
        return History(list(range(first, self.now() + 1)), *map(list, columns), self.windows)  # type: ignore[arg-type]


def airport() -> World:
    """departures → flights (v1 90, v2 10) → weather."""

    def copies(count: int) -> list[Replica]:
        return [Replica(index, "up", [], None, 4000 + index) for index in range(count)]

    world = World()
    world.nodes = [
        Node("departures", "departures", "node", 0, 0.5, True, copies(1)),
        Node("flights-v1", "flights-v1", "node", 1, 0.0, False, copies(2)),
        Node("flights-v2", "flights-v2", "node", 1, 1.0, False, copies(1)),
        Node("weather", "weather", "node", 2, 0.5, False, copies(2)),
    ]
    world.paths = [
        ("departures", "flights", {"flights-v1": 90.0, "flights-v2": 10.0}),
        ("flights-v1", "weather", {"weather": 100.0}),
        ("flights-v2", "weather", {"weather": 100.0}),
    ]
    retry = {
        "maxRetries": 2,
        "perRetryTimeout": {"unit": "ms", "value": 250},
        "httpRetryEvents": ["server-error"],
    }
    world.routes["virtualRouter/flights/route/flights-route"] = {
        "router": "flights",
        "route": "flights-route",
        "edge": "departures->flights",
        "targets": {"flights-v1": 90.0, "flights-v2": 10.0},
        "retry": retry,
        "timeout": {"perRequest": {"unit": "s", "value": 1}},
        "hash": "h1",
    }
    world.breakers["virtualNode/weather"] = {"http": {"maxConnections": 50, "maxPendingRequests": 10}}
    return world


def crowd(edges: int) -> World:
    """A mesh with so many edges, in five columns."""
    world = World(name="crowd", load=True, users=250)
    tall = edges // 8
    names = [f"service-{column}-{row}" for column in range(5) for row in range(tall)]
    world.nodes = [
        Node(name, name, "node", index // tall, float(index % tall), index < tall, [])
        for index, name in enumerate(names)
    ]
    pairs = (
        (f"service-{column}-{row}", f"service-{column + 1}-{(row + step) % tall}")
        for column in range(4)
        for step in range(2)
        for row in range(tall)
    )
    world.paths = [(client, service, {service: 100.0}) for client, service in itertools.islice(pairs, edges)]
    return world

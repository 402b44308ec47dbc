"""Small models that several tests simulate."""

from __future__ import annotations

from itertools import pairwise

from chaosmesh.judge import stability
from chaosmesh.judge.queueing import (
    Arm,
    Edge,
    Flow,
    Limits,
    Model,
    Policy,
    Server,
    Simulated,
    Trouble,
    simulate,
)
from chaosmesh.judge.stability import Stability, classify

FOR_EVER = 1e9
OPEN = Limits()


def one_hop(limits: Limits = OPEN, *, share: float = 0.3, retries: int = 2, latency: float = 0.02) -> Model:
    """A share of the attempts fails as slowly as the others succeed."""
    edge = Edge(
        "user>back",
        (Arm("back", limits=limits),),
        Policy(retries, timeout=15.0),
        (Trouble("answer", share, latency),),
    )
    return Model(edge, (Server("back", (latency,)),))


def chain(names: str, *, retries: int, share: float, limits: Limits = OPEN) -> Model:
    """Each calls the next one; the last edge fails with this share."""
    edges = [
        Edge(f"{a}>{b}", (Arm(b, limits=limits),), Policy(retries, timeout=15.0)) for a, b in pairwise(names)
    ]
    last = edges[-1]
    edges[-1] = Edge(last.name, last.arms, last.policy, (Trouble("answer", share, 0.005),))
    calls = {a: (edge,) for a, edge in zip(names[1:], edges[1:], strict=False)}
    return Model(edges[0], tuple(Server(one, (0.001,)) for one in names[1:]), calls)


def database(
    load: float,
    *,
    capacity: float,
    retries: int,
    timeout: float,
    outage: float,
    cut: float,
    after: float,
    limits: Limits = OPEN,
    before: float = 2.0,
    poisson: bool = False,
    seed: int = 1,
) -> tuple[Stability, Simulated]:
    """A server with a queue whose capacity is cut for the time of an outage, and what becomes of it."""
    healed = before + outage
    plan = ((0.0, capacity), (before, cut), (healed, capacity))
    edge = Edge(
        "user>database", (Arm("database", limits=limits),), Policy(retries, per_try=timeout, timeout=FOR_EVER)
    )
    model = Model(edge, (Server("database", hop=(0.001,), capacity=plan),))
    run = simulate(model, Flow(((0.0, load),), healed + after, poisson), seed)
    seen = stability.Seen(
        [(one.start, one.ok) for one in run.requests], run.arrived["database"], healed, healed + after, plan
    )
    return classify(seen, since=before), run

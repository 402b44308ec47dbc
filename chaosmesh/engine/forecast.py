"""What the policy in force should show under a fault, each number with the interval in which a run shows it.

Closed forms first (`engine.predict`); where limits, timeouts, budgets or queues may decide, the simulation knows more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from chaosmesh.engine.modelled import HOP, USER, Programs, model_of
from chaosmesh.engine.predict import FailingEdge, Prediction, predict
from chaosmesh.judge.queueing import Figure, Flow, Model, Simulated, mean, quantile, share, simulate
from chaosmesh.ledger import Call, Ledger
from chaosmesh.mesh import Mesh

REQUESTS: Final = 6_000
"""Requests that are simulated: a few tenths of a second of work, and errors well below those of most runs."""

MOST_CALLS: Final = 30_000
"""Calls that are simulated at most, where each request makes many."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Load as it was: a steady `rate`, `requests` of it seen, for `path` at `entry`."""

    entry: str
    rate: float
    requests: int
    path: str = "/"
    poisson: bool = False
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Forecast:
    """`figures`: "success", "p50_ms", "p99_ms", and for each edge "attempts CLIENT>SERVICE" (per call) and
    "overflow CLIENT>SERVICE" (share of calls that a breaker or budget stopped or did not let try again).

    `closed`: the same success and attempts as if nothing limited them. `unknown`: why nothing is told, if so.
    """

    figures: Mapping[str, Figure] = field(default_factory=dict)
    closed: Prediction | None = None
    unknown: str = ""


def forecast(mesh: Mesh, programs: Programs, asked: Asked, faults: Sequence[FailingEdge]) -> Forecast:
    """The prediction for a run that has been, or for one that is to come."""
    closed = predict(mesh, asked.entry, *faults)
    if "calls move to" in closed.unknown:
        return Forecast(closed=closed, unknown=closed.unknown)
    model = model_of(mesh, programs, asked.entry, asked.path, faults)
    wanted = max(200, min(REQUESTS, MOST_CALLS // _calls_each(model)))
    run = simulate(model, Flow.steady(asked.rate, wanted, poisson=asked.poisson), asked.seed)
    return Forecast(_exact(_figures(run, asked.requests), closed), closed)


def _figures(run: Simulated, seen: int) -> dict[str, Figure]:
    waited = [(one.end - one.start) * 1000 if one.ok else float("inf") for one in run.requests]
    found = {"success": share([one.ok for one in run.requests], seen)}
    for name, of in (("p50_ms", 0.5), ("p99_ms", 0.99)):
        found[name] = quantile(waited, of, seen)
    for edge, calls in run.calls.items():
        if edge.startswith(f"{USER}>"):
            continue
        whole = [one for one in calls if one.why != "gone"]
        some = max(1, round(seen * len(whole) / max(len(run.requests), 1)))
        found[f"attempts {edge}"] = mean([float(one.attempts) for one in whole], some, low=1.0)
        stopped = [one.refused or one.why == "pool" for one in whole]
        found[f"overflow {edge}"] = share(stopped, some)
    return found


def _exact(figures: Mapping[str, Figure], closed: Prediction) -> dict[str, Figure]:
    """Figures about what the closed form gives exactly, where no limit was met and the two agree."""
    if any(figure for name, figure in figures.items() if name.startswith("overflow")):
        return dict(figures)
    exact = {f"attempts {'>'.join(edge)}": value for edge, value in closed.by_edge.items()}
    if closed.success is not None:
        exact["success"] = closed.success
    return {
        name: figure.around(exact[name]) if name in exact and figure.holds(exact[name]) else figure
        for name, figure in figures.items()
    }


def _calls_each(model: Model) -> int:
    """Calls that one request makes where every attempt is tried again: what it may cost to simulate one."""

    def under(server: str) -> int:
        below = 0
        for edge in model.calls.get(server, ()):
            most = max((under(arm.server) for arm in edge.arms), default=0)
            below += (1 + edge.policy.retries * bool(edge.troubles)) * (1 + most)
        return below

    return 1 + sum(under(arm.server) for arm in model.entry.arms)


def measured(programs: Programs, ledger: Ledger, streams: Sequence[int], mesh: Mesh) -> Programs:
    """The same with what a hop took in this run: first attempts that were answered well by workloads that call nobody,
    less what the workload itself takes. Where there are none, the usual time stays."""
    leaves = {
        one.name: max(programs.behind[one.name].latency) if one.name in programs.behind else 0.0
        for one in mesh.workloads
        if not _queues(programs, one.name) and not one.backends
    }
    calls = [call for stream in streams for call in ledger.calls(stream)]
    hops = sorted(hop for call in calls for hop in _hops(call, leaves))
    if len(hops) < FEWEST:
        return programs
    # A hundred values are drawn as well as a hundred thousand, and are the same distribution.
    step = len(hops) / 100
    return replace(programs, hop=tuple(hops[int(step * number)] for number in range(100)))


FEWEST: Final = 50


def _queues(programs: Programs, name: str) -> bool:
    return name in programs.behind and bool(programs.behind[name].capacity)


def _hops(call: Call, leaves: Mapping[str, float]) -> list[float]:
    first = call.attempts[0] if call.attempts else None
    if first is None or not first.matched or first.victim or not 0 < first.status < 500:
        return []
    if first.server not in leaves:
        return []
    return [max(min(HOP), first.duration_ms / 1000 - leaves[first.server])]

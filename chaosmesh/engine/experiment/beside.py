"""What stands beside the observation of a run: the forecast of its policy, why the two differ, and whether users are
well again after a fault."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain

from chaosmesh.engine.effective import check
from chaosmesh.engine.experiment.in_force import InForce
from chaosmesh.engine.experiment.plan import Plan
from chaosmesh.engine.experiment.result import Run
from chaosmesh.engine.explain import explain
from chaosmesh.engine.forecast import Asked, Forecast, forecast, measured
from chaosmesh.engine.modelled import Behind, Programs
from chaosmesh.engine.predict import FailingEdge
from chaosmesh.engine.stability import Capacity, cause_of, stability_of
from chaosmesh.engine.stack import Stack
from chaosmesh.judge.stability import Stability
from chaosmesh.ledger import Call


async def beside(run: Run, stack: Stack, plan: Plan, contexts: Sequence[InForce]) -> Run:
    """The run with what its policy predicts, each figure with its interval, and with its stability.

    NotAsModelledError where a sidecar has another policy than the forecast is made of.
    """
    run = replace(run, stability=_stability(run, stack))
    failing = _failing(plan, contexts)
    if failing is None or not run.requests:
        return run
    calls = list(chain.from_iterable(run.ledger.calls(one) for one in run.streams))
    await check(stack.mesh, _sidecars(stack, calls))
    told = await asyncio.to_thread(_forecast, run, stack, plan, failing)
    if told.unknown:
        return run
    observed = {**run.observed, **_overflows(run.observed, calls)}
    figures = {
        name: figure
        for name in observed
        if (figure := told.figures.get(name)) is not None and math.isfinite(figure.high)
    }
    known = replace(told, figures=figures)
    return replace(run, observed=observed, predicted=figures, explained=explain(known, observed, calls))


def _failing(plan: Plan, contexts: Sequence[InForce]) -> list[FailingEdge] | None:
    """How edges fail all the time under a steady load of HTTP requests; None where that isn't what was sent."""
    steady = not (plan.phases or plan.shape or plan.closed or plan.host)
    if not steady or set(plan.protocols) - {"http", "http2"} or not plan.rate:
        return None
    theories = [theory for one in contexts for theory in one.theory]
    known = [one for one in theories if one is not None]
    return known if len(known) == len(theories) else None


def _forecast(run: Run, stack: Stack, plan: Plan, failing: Sequence[FailingEdge]) -> Forecast:
    programs = measured(_programs(stack), run.ledger, run.streams, stack.mesh)
    poisson = plan.arrivals == "poisson"
    asked = Asked(plan.entry, plan.rate, run.requests, plan.mix[0].path, poisson, plan.seed)
    return forecast(stack.mesh, programs, asked, failing)


def _programs(stack: Stack) -> Programs:
    """What runs behind the sidecars, as far as the scenario says."""
    return Programs(
        {
            name: Behind(
                (one.latency_ms / 1000,),
                () if one.capacity is None else ((0.0, one.capacity),),
                max(1, len(stack.topology.replicas_of(name))),
                tuple(service for service, _ in one.calls),
            )
            for name, one in stack.standins.items()
            if any(workload.name == name for workload in stack.mesh.workloads)
        }
    )


def _sidecars(stack: Stack, calls: Sequence[Call]) -> dict[str, str]:
    """A sidecar of each client that made calls."""
    return {
        client: replicas[0].sidecar
        for client in dict.fromkeys(one.client for one in calls)
        if (replicas := stack.topology.replicas_of(client))
    }


def _overflows(observed: Mapping[str, float | None], calls: Sequence[Call]) -> dict[str, float | None]:
    """Share of the calls of each observed edge that a breaker or budget stopped or did not let try again."""
    found: dict[str, float | None] = {}
    for name in observed:
        word, _, edge = name.partition(" ")
        if word == "attempts":
            made = [one for one in calls if one.complete and f"{one.client}>{one.service}" == edge]
            found[f"overflow {edge}"] = sum("UO" in one.flags for one in made) / len(made) if made else None
    return found


def _stability(run: Run, stack: Stack) -> Stability | None:
    cause = cause_of(run.ledger, run.streams)
    if cause is None:
        return None
    limited = {
        name: Capacity(one.capacity, max(1, len(stack.topology.replicas_of(name))))
        for name, one in stack.standins.items()
        if one.capacity is not None
    }
    return stability_of(run.ledger, run.streams, limited, cause)

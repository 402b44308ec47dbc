"""Load as planned, put on its way."""

from __future__ import annotations

from collections.abc import Callable

from chaosmesh.engine.experiment.plan import Plan
from chaosmesh.engine.stack import Stack
from chaosmesh.load import Record, Running


async def begin(
    stack: Stack,
    plan: Plan,
    name: str,
    longest: float | None,
    on_records: Callable[[list[Record]], None] | None = None,
) -> Running:
    """One stream of a plan for at most `longest` seconds, called `name`, through the door of its entry, or of the
    entry's own application."""
    outward = plan.host is not None
    return await stack.begin(
        f"{name} {plan.entry}",
        stack.anywhere_url(plan.entry) if outward else stack.entry_url(plan.entry, *plan.protocols),
        plan.host or plan.entry,
        plan.mix,
        plan.rate,
        count=plan.count,
        duration=longest,
        arrivals=plan.arrivals,
        seed=plan.seed,
        patience=plan.patience,
        tls=None if outward else stack.entry_tls(plan.entry, *plan.protocols),
        shape=plan.shape,
        workers=plan.workers,
        closed=plan.closed,
        on_records=on_records,
    )

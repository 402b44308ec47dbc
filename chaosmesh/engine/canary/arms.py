"""What callers of a route met at the new version and at the stable one, while a step is watched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile

from chaosmesh.engine.canary.plan import Plan
from chaosmesh.ledger import Call, Ledger


@dataclass(frozen=True, slots=True)
class Arms:
    """Calls in the order of their start. A retry stays inside the target that the weight chose, so that each call
    belongs to one arm; `nowhere`: calls whose target can't be told."""

    new: tuple[Call, ...]
    stable: tuple[Call, ...]
    nowhere: int = 0


NOTHING = Arms((), ())


def arms_of(ledger: Ledger, plan: Plan, stream: int, mesh_name: str, since_ns: int) -> Arms:
    """The calls of a stream over the plan's route that started at or after `since_ns` (epoch ns).

    Of each edge those before the first whose rows are not all in: quick answers are in sooner, and counting them
    first would flatter a slow version.
    """
    calls = sorted(_calls(ledger, plan, stream, since_ns), key=lambda one: (one.start_ns, one.id))
    placed = [(arm_of(one, (plan.to, *plan.stable), mesh_name), one) for one in calls]
    return Arms(
        tuple(call for arm, call in placed if arm == plan.to),
        tuple(call for arm, call in placed if arm in plan.stable),
        sum(not arm for arm, _ in placed),
    )


def arm_of(call: Call, targets: Iterable[str], mesh_name: str) -> str:
    """The target of a call, also when none of its hosts could be picked (by its upstream's name); "" if untold."""
    first = call.attempts[0] if call.attempts else None
    if first is None:
        return ""
    if first.server:
        return first.server if first.server in targets else ""
    return next((one for one in targets if first.cluster.startswith(f"cds_egress_{mesh_name}_{one}_")), "")


def _calls(ledger: Ledger, plan: Plan, stream: int, since_ns: int) -> Iterable[Call]:
    for service in plan.services:
        clients = {one.client for one in ledger.calls(stream, None, service)}
        for client in sorted(clients):
            calls = ledger.calls(stream, client, service)
            later = (one for one in calls if one.start_ns >= since_ns)
            for call in takewhile(lambda one: one.complete, later):
                if call.route == plan.route.name:
                    yield call

"""The load under which a canary goes on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chaosmesh.engine.canary.plan import Plan
from chaosmesh.engine.entrance import entry_of
from chaosmesh.engine.experiment.plan import Plan as Sent
from chaosmesh.engine.experiment.sending import begin
from chaosmesh.engine.experiment.wishes import Wish
from chaosmesh.engine.stack import Stack
from chaosmesh.errors import UsageError
from chaosmesh.load import Running
from chaosmesh.mesh import Mesh


@dataclass(frozen=True, slots=True)
class Sending:
    """Requests as planned in `sent`, for at most `seconds`."""

    stack: Stack
    sent: Sent
    seconds: float

    @classmethod
    def of(cls, stack: Stack, wish: Wish, plan: Plan, seed: int, patience: float | None) -> Sending:
        """What was wished for, for as long as a plan may take; where nobody said, at the entry that leads to its route.
        `patience`: seconds that a request waits for its answer (None: the default)."""
        entry = wish.entry or entry_for(stack.mesh, stack.topology.entries, plan)
        sent = wish.plan(entry, seed, patience)
        return cls(stack, replace(sent, count=None, duration=None), plan.longest)

    async def begin(self) -> Running:
        """Start sending."""
        return await begin(self.stack, self.sent, "canary", self.seconds)


def entry_for(mesh: Mesh, entries: tuple[str, ...], plan: Plan) -> str:
    """Where users come in whose requests reach the plan's route."""
    clients = [client for client, service in mesh.edges() if service in plan.services]
    if not clients:
        raise UsageError(f"{plan.route.id}: nobody calls {' or '.join(plan.services)}")
    return entry_of(mesh, entries, clients[0])

"""A node in a test's hands, its replicas and their sidecars: the faults on them are context managers."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from chaosmesh.engine.experiment.acting import acting_on
from chaosmesh.engine.experiment.contained import Contained, ContainedApplications
from chaosmesh.engine.experiment.contexts import FaultContext
from chaosmesh.engine.experiment.edges import Edge
from chaosmesh.engine.experiment.holding import Hand
from chaosmesh.engine.experiment.names import Named, callers
from chaosmesh.errors import UsageError
from chaosmesh.faults import (
    AddReplica,
    BadCertificate,
    BusyNeighbour,
    Fault,
    Flaw,
    Overload,
    Remove,
    Restart,
    Role,
    Sick,
    SlowStart,
)
from chaosmesh.judge.durations import duration as seconds
from chaosmesh.mesh import Mesh


class Sidecar(Contained):
    """The Envoy of one replica."""

    _role: Role = "sidecar"

    def pause(self) -> FaultContext:
        """SIGSTOP: it takes connections and answers nothing. Healing lets it go on and cuts what hung."""
        return self._stopped("pause")


class _Applications(ContainedApplications):
    """Everything that a replica and a node have in common; on a node it means all of its replicas."""

    def hang(self) -> FaultContext:
        """SIGSTOP: connections are taken, nothing is answered. Healing lets it go on and cuts what hung."""
        return self._stopped("hang")

    def restart(self) -> FaultContext:
        """SIGKILL, and started again at once, while load goes on."""
        return self._fault("restart", lambda name, r: Restart(id=name, node=r.node, replica=r.index))

    def slow_start(self, after: str) -> FaultContext:
        """SIGKILL, and it serves again "2s" later, while load goes on."""
        after_s = seconds(after, "slow_start")
        return self._fault(
            f"slow start {after}",
            lambda name, r: SlowStart(id=name, node=r.node, replica=r.index, after_s=after_s),
        )

    def sick(self) -> FaultContext:
        """Its health checks fail, everything else is answered."""
        return self._fault("sick", lambda name, r: Sick(id=name, node=r.node, replica=r.index))

    def overload(self, *, capacity: float, queue: int | None = None) -> FaultContext:
        """Each replica serves so many requests a second, one after another: others wait, or (with `queue`) are
        answered 503 once so many wait."""
        return self._fault(
            f"capacity {capacity:g}/s",
            lambda name, r: Overload(id=name, node=r.node, replica=r.index, capacity=capacity, queue=queue),
        )


class ReplicaOf(_Applications):
    """One replica of a node."""

    @property
    def sidecar(self) -> Sidecar:
        """Its Envoy."""
        return Sidecar(self._session, f"sidecar of {self._label}", self._those)

    def remove(self) -> FaultContext:
        """Taken out of the mesh: no endpoint any more, its calls end, it is stopped. Healing brings it back."""
        return self._fault("removed", lambda name, r: Remove(id=name, node=r.node, replica=r.index))


class Node(_Applications):
    """One virtual node, or all nodes behind a virtual service. A fault on it is one on all of its replicas."""

    def __init__(self, session: Hand, policy: Mesh, names: tuple[str, ...]) -> None:
        topology = session.live.stack.topology
        super().__init__(
            session, " and ".join(names), [r for one in names for r in topology.replicas_of(one)]
        )
        self._policy = policy
        self.names = names

    @property
    def replicas(self) -> int:
        """How many copies of it run."""
        topology = self._session.live.stack.topology
        return sum(len(topology.replicas_of(name)) for name in self.names)

    @property
    def callers(self) -> Edge:
        """Every edge that leads to it."""
        paths = callers(self._policy, self.names)
        if not paths:
            raise UsageError(f"nobody calls {' or '.join(self.names)}")
        return Edge(self._session, Named(f"callers of {', '.join(self.names)}", paths))

    def replica(self, index: int) -> ReplicaOf:
        """One of its copies, from 0."""
        name = self._only("a replica")
        found = [one for one in self._those if one.index == index]
        if not found:
            known = ", ".join(str(one.index) for one in self._those)
            raise UsageError(
                f"{name} has no replica {index}",
                hint=f"it has {known}; `workloads: {{{name}: {{replicas: N}}}}` in the scenario file makes more",
            )
        return ReplicaOf(self._session, found[0].key, found)

    def add_replica(self) -> FaultContext:
        """One replica more. Healing takes it out."""
        self._only("a new replica")
        return self._once("one replica more", lambda name, node: AddReplica(id=name, node=node))

    def busy_neighbour(self, *, cores: int = 1) -> FaultContext:
        """So many processes beside it that never rest. All of a mesh runs on one host, so it is everybody's."""
        names = self.names[:1]
        return self._once(
            f"busy neighbour on {cores} cores" if cores > 1 else "busy neighbour",
            lambda name, node: BusyNeighbour(id=name, node=node, cores=cores),
            names,
        )

    def certificate(self, flaw: Flaw) -> FaultContext:
        """It shows a certificate that is "expired", for a "wrong_name", or by a "wrong_authority"."""
        return self._once(
            f"certificate {flaw}", lambda name, node: BadCertificate(id=name, node=node, flaw=flaw)
        )

    def _once(
        self, label: str, make: Callable[[str, str], Fault], names: Iterable[str] | None = None
    ) -> FaultContext:
        """One fault for each node, whatever replicas it has."""
        first = {one.node: one for one in reversed(self._those)}
        chosen = [first[name] for name in (self.names if names is None else names)]
        return acting_on(self._session, label, self._label, chosen, lambda name, r: make(name, r.node))

    def _only(self, what: str) -> str:
        if len(self.names) > 1:
            raise UsageError(f"{what} of {' and '.join(self.names)}?", hint="name one of them")
        return self.names[0]

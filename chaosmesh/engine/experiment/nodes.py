"""A node in a test's hands, its replicas and their sidecars: the faults on them are context managers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from chaosmesh.engine.experiment.about import Session
from chaosmesh.engine.experiment.acting import acting_on
from chaosmesh.engine.experiment.contexts import FaultContext
from chaosmesh.engine.experiment.edges import Edge
from chaosmesh.engine.experiment.fits import needs_containers
from chaosmesh.engine.experiment.names import Named, callers
from chaosmesh.errors import UsageError
from chaosmesh.faults import (
    AddReplica,
    BadCertificate,
    BusyNeighbour,
    CpuLimit,
    Crash,
    DiskFull,
    DnsFailure,
    Fault,
    Flaw,
    Hang,
    MemoryLimit,
    Overload,
    Partition,
    Remove,
    Restart,
    Role,
    Sick,
    SlowStart,
)
from chaosmesh.faults.units import size
from chaosmesh.judge.durations import duration as seconds
from chaosmesh.mesh import Mesh, Replica

Make = Callable[[str, Replica], Fault]


class _Processes:
    """Faults on the processes of one replica, or of several at once."""

    _role: Role = "app"

    def __init__(self, session: Session, label: str, replicas: Sequence[Replica]) -> None:
        self._session = session
        self._label = label
        self._those = tuple(replicas)

    def __repr__(self) -> str:
        return f"<{self._label}>"

    @property
    def label(self) -> str:
        """Its name in statements."""
        return self._label

    @property
    def those(self) -> tuple[Replica, ...]:
        """The replicas that are meant."""
        return self._those

    def crash(self) -> FaultContext:
        """SIGKILL; its callers are refused. Healing starts it anew."""
        return self._fault(
            "crash", lambda name, r: Crash(id=name, node=r.node, replica=r.index, role=self._role)
        )

    def cpu(self, share: float) -> FaultContext:
        """At most so much of one core (0.1: a tenth). In containers only."""
        return self._contained(
            f"cpu {share:g}",
            lambda name, r: CpuLimit(id=name, node=r.node, replica=r.index, role=self._role, share=share),
        )

    def _contained(self, label: str, make: Make) -> FaultContext:
        needs_containers(self._session.live.stack.kind, label)
        for one in self._those:
            make("", one)  # its bounds, before anything is put in force
        return self._fault(label, make)

    def _stopped(self, label: str) -> FaultContext:
        return self._fault(
            label, lambda name, r: Hang(id=name, node=r.node, replica=r.index, role=self._role)
        )

    def _fault(self, label: str, make: Make) -> FaultContext:
        return acting_on(self._session, label, self._label, self._those, make)


class Sidecar(_Processes):
    """The Envoy of one replica."""

    _role: Role = "sidecar"

    def pause(self) -> FaultContext:
        """SIGSTOP: it takes connections and answers nothing. Healing lets it go on and cuts what hung."""
        return self._stopped("pause")


class _Applications(_Processes):
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

    def memory(self, limit: int | str) -> FaultContext:
        """At most so much memory ("64MiB") and no swap: who needs more is killed. Healing starts it anew. In containers
        only."""
        amount = size(limit, "memory")
        return self._contained(
            f"memory {limit}",
            lambda name, r: MemoryLimit(id=name, node=r.node, replica=r.index, bytes=amount),
        )

    def disk_full(self, path: str) -> FaultContext:
        """Not a byte more fits into its volume at `path`. In containers only."""
        return self._contained(
            f"disk_full {path}", lambda name, r: DiskFull(id=name, node=r.node, replica=r.index, path=path)
        )

    def partition(self) -> FaultContext:
        """Cut off: what its pod sends and what it is sent is lost. Healing ends what hung. In containers only."""
        return self._contained("partition", lambda name, r: Partition(id=name, node=r.node, replica=r.index))

    def dns(self) -> FaultContext:
        """No name of a virtual service is known to it any more, and no server tells one. In containers only."""
        return self._contained("dns", lambda name, r: DnsFailure(id=name, node=r.node, replica=r.index))


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

    def __init__(self, session: Session, policy: Mesh, names: tuple[str, ...]) -> None:
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

"""Faults that only containers have, in a test's hands."""

from __future__ import annotations

from chaosmesh.engine.experiment.contexts import FaultContext
from chaosmesh.engine.experiment.fits import needs_containers
from chaosmesh.engine.experiment.processes import Make, Processes
from chaosmesh.faults import CpuLimit, DiskFull, DnsFailure, MemoryLimit, Partition
from chaosmesh.faults.units import size


class Contained(Processes):
    """Those that applications and sidecars have."""

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


class ContainedApplications(Contained):
    """Those of an application, and of the pod around it."""

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

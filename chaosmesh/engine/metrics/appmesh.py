"""App Mesh's metrics of what goes out, counted from the access logs: only they know the virtual service.

Names and dimensions are those of App Mesh's metrics extension (user guide, "Metrics extension for App Mesh"), spelled
as Envoy's Prometheus endpoint gave them: `envoy_appmesh_RequestCountPerTarget{Mesh="…",VirtualNode="…",…}`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chaosmesh.engine.metrics.histogram import Histogram
from chaosmesh.engine.metrics.targets import owner
from chaosmesh.engine.metrics.text import Labels, buckets, family
from chaosmesh.envoy import AccessRow, names
from chaosmesh.ledger import Addresses
from chaosmesh.ledger.addresses import node_of, replica_of
from chaosmesh.mesh import Mesh
from chaosmesh.runtime.prometheus.rules import PREFIX, TARGET_INFO

RESPONSE_MS = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000)
"""Bounds of the response times: milliseconds, as Envoy counts time."""
CLASSES = (2, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class Edge:
    """One replica of a client, the virtual service it asked, and the node that was tried for it."""

    client: str
    replica: str
    service: str
    server: str


class _Tally:
    """What was counted on one edge: attempts, answers by class of status, response times."""

    __slots__ = ("classes", "requests", "times")

    def __init__(self) -> None:
        self.requests = 0
        self.classes = dict.fromkeys(CLASSES, 0)
        self.times = Histogram(RESPONSE_MS)

    def add(self, row: AccessRow) -> None:
        self.requests += 1
        if not row.status:
            return  # nobody answered
        self.times.add(row.duration_ms)
        if (which := row.status // 100) in self.classes:
            self.classes[which] += 1


class TargetCounts:
    """Attempts by edge, from the access logs as they come in."""

    def __init__(self) -> None:
        self._tallies: dict[Edge, _Tally] = defaultdict(_Tally)
        self._found: dict[tuple[str, str, str], _Tally | None] = {}
        self._grpc: Counter[tuple[str, str]] = Counter()

    def add(self, rows: Iterable[AccessRow], addresses: Addresses) -> None:
        """Count rows: attempts that were sent to a target, and gRPC requests that came in."""
        for row in rows:
            if row.tcp:
                continue
            if row.attempt_row and row.side == "egress":
                if (tally := self._tally(row, addresses)) is not None:
                    tally.add(row)
            elif row.side != "egress" and _is_grpc(row):
                self._grpc[node_of(row.sidecar), str(replica_of(row.sidecar) or 0)] += 1

    def _tally(self, row: AccessRow, addresses: Addresses) -> _Tally | None:
        """None for an attempt that was sent to nobody. An address never changes its owner, so that each is looked up
        once."""
        key = (row.sidecar, row.edge, row.upstream)
        if key not in self._found:
            target = addresses.server(row.upstream)
            client, _, service = row.edge.partition(">")
            self._found[key] = None
            if target is not None:
                replica = str(replica_of(row.sidecar) or 0)
                edge = Edge(client or node_of(row.sidecar), replica, service, target[0])
                self._found[key] = self._tallies[edge]
        return self._found[key]

    def text(self, mesh: Mesh) -> str:
        """In Prometheus' text format. Every edge of the policy is there from the start, so that nothing begins at 1."""
        nothing = _Tally()
        known = {
            edge: self._tallies.get(edge, nothing) for edge in _edges(mesh, self._tallies)
        } | self._tallies
        at = {edge: _labels(mesh, edge) for edge in known}
        parts = [
            family(
                f"{PREFIX}RequestCountPerTarget",
                "counter",
                "Requests sent to an upstream target.",
                [("", at[one], tally.requests) for one, tally in known.items()],
            )
        ]
        parts += [
            family(
                f"{PREFIX}HTTPCode_Target_{which}XX_Count",
                "counter",
                f"Requests to an upstream target that were answered with a status of {which}00 to {which}99.",
                [("", at[one], tally.classes[which]) for one, tally in known.items()],
            )
            for which in CLASSES
        ]
        parts.append(
            family(
                f"{PREFIX}TargetResponseTime",
                "histogram",
                "Milliseconds from the request to an upstream target to the end of its answer.",
                [
                    sample
                    for one, tally in self._tallies.items()
                    for sample in buckets(at[one], RESPONSE_MS, tally.times.counts, tally.times.total)
                ],
            )
        )
        parts.append(
            family(
                f"{PREFIX}GrpcRequestCount",
                "counter",
                "gRPC requests that a sidecar served.",
                [
                    ("", (*owner(mesh, node), ("replica", replica)), count)
                    for (node, replica), count in self._grpc.items()
                ],
            )
        )
        parts.append(family(TARGET_INFO, "gauge", "The service behind a cluster.", _info(mesh)))
        return "".join(parts)


def _is_grpc(row: AccessRow) -> bool:
    """By the listener: what was hung up has no grpc-status."""
    protocol = row.cluster.rsplit("_", 2)[-2:-1]
    return row.grpc_status is not None or protocol == ["grpc"]


def _edges(mesh: Mesh, seen: Iterable[Edge]) -> Iterator[Edge]:
    replicas: dict[str, set[str]] = defaultdict(lambda: {"0"})
    for one in seen:
        replicas[one.client].add(one.replica)
    services = {one.name for one in mesh.services}
    for client, service in mesh.edges():
        if service in services:
            for replica in sorted(replicas[client]):
                for server in mesh.targets(service):
                    yield Edge(client, replica, service, server)


def _labels(mesh: Mesh, edge: Edge) -> Labels:
    return (
        *owner(mesh, edge.client),
        ("TargetVirtualService", edge.service),
        ("TargetVirtualNode", edge.server),
        ("replica", edge.replica),
    )


def _info(mesh: Mesh) -> Iterator[tuple[str, Labels, float]]:
    """A line for each cluster of a client; without the service where several lead to the same node."""
    services = {one.name for one in mesh.services}
    behind: dict[tuple[str, str], set[str]] = defaultdict(set)
    for client, service in mesh.edges():
        for server in mesh.targets(service) if service in services else ():
            behind[client, server].add(service)
    for (client, server), those in behind.items():
        only = (("TargetVirtualService", *those),) if len(those) == 1 else ()
        for one in mesh.workload(server).listeners:
            cluster = names.egress_cluster(mesh.name, server, one.protocol, one.port)
            labels: Labels = (
                *owner(mesh, client),
                ("envoy_cluster_name", cluster),
                *only,
                ("TargetVirtualNode", server),
            )
            yield "", labels, 1

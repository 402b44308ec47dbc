"""Fallbacks: one cluster per arm, its own replicas at priority 0, those of the fallback at priority 1.

Envoy asks priority 1 only while no replica of priority 0 is fit, or by a retry that avoids the priority it
has asked (`retry.of`). What may make a replica unfit in such a cluster is only what the fallback's words name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from chaosmesh.envoy import clusters, endpoints, names
from chaosmesh.envoy.forms import Json, seconds
from chaosmesh.errors import UsageError
from chaosmesh.mesh import Fallback, Listener, Mesh, Route, Target, Topology, Workload
from chaosmesh.mesh.fallbacks import watched

OVERPROVISIONING: Final = 100_000
"""In percent: one fit replica of a thousand still keeps all traffic from the fallback."""
WATCH: Final = 0.5
"""Seconds between two looks whether a replica listens."""
MATCH: Final = "envoy.transport_socket_match"
OWN: Final = "own"
OTHER: Final = "fallback"


@dataclass(frozen=True, slots=True)
class Arm:
    """A target of a route together with the fallback of its calls. `moves`: the states that move its traffic."""

    server: Workload
    listener: Listener
    other: Workload
    other_listener: Listener
    moves: tuple[str, ...]

    def cluster(self, mesh: str) -> str:
        """Its name; arms that differ in nothing but the rest of their routes share one cluster."""
        plain = names.egress_cluster(mesh, self.server.name, self.listener.protocol, self.listener.port)
        port = "" if self.other_listener == self.other.listener() else f"_{self.other_listener.port}"
        words = "" if self.moves == ("ejected", "unhealthy") else "_" + ("_".join(self.moves) or "retry")
        return f"{plain}_fallback_{self.other.name}{port}{words}"


def arm(mesh: Mesh, route: Route, target: Target) -> Arm | None:
    """The arm of one target, None where it has no fallback or is the fallback itself."""
    if route.fallback is None:
        return None
    server, listener = _find(mesh, target)
    other, other_listener = _find(mesh, route.fallback.target)
    if server is None or listener is None:
        return None
    if other is None or other_listener is None:
        raise _refused(route, route.fallback, f"{route.fallback.target.workload!r} doesn't listen there")
    if (other.name, other_listener.port) == (server.name, listener.port):
        return None
    if _wire(listener) != _wire(other_listener):
        spoken = f"{other.name!r} speaks {other_listener.protocol}, {server.name!r} {listener.protocol}"
        raise _refused(route, route.fallback, spoken)
    return Arm(server, listener, other, other_listener, _moves(route, route.fallback))


def upstream(mesh: Mesh, route: Route, target: Target, plain: str) -> str:
    """The cluster for one target of a route: `plain`, or the one with its fallback."""
    found = arm(mesh, route, target)
    return found.cluster(mesh.name) if found else plain


def resources(mesh: Mesh, topology: Topology, client: Workload) -> Iterator[tuple[Json, Json]]:
    """The clusters with fallbacks that a client needs, each with its endpoints."""
    for one in {one.cluster(mesh.name): one for one in _arms(mesh, client)}.values():
        own = endpoints.egress(mesh, topology, client.name, one.server, one.listener)["endpoints"]
        others = endpoints.egress(mesh, topology, client.name, one.other, one.other_listener)["endpoints"]
        counts = (_count(own), _count(others))
        cluster, side = _cluster(mesh, client.name, one, counts)
        yield cluster, _assignment(cluster["name"], own, others, side)


def _arms(mesh: Mesh, client: Workload) -> Iterator[Arm]:
    for backend in client.backends:
        for route in mesh.service(backend).routes:
            for target in route.targets:
                if found := arm(mesh, route, target):
                    yield found


def _moves(route: Route, fallback: Fallback) -> tuple[str, ...]:
    words = {one for one in fallback.when if one in ("ejected", "unhealthy")}
    return tuple(sorted(words | ({"down"} if watched(route) else set())))


def _cluster(mesh: Mesh, client: str, one: Arm, counts: tuple[int, int]) -> tuple[Json, str]:
    """The arm's cluster, and which side's replicas must be marked for its transport ("": none).

    Envoy tells its workers of a change of health at once, and of those in the second after it all together:
    an ejected arm would be asked for a second more. Here each change counts at once.
    """
    listener = one.listener
    if "unhealthy" not in one.moves:
        listener = replace(listener, health=None)
    plain = clusters.egress(mesh, one.server, replace(listener, ejection=None), client)
    other = clusters.egress(mesh, one.other, one.other_listener, client)
    result = {**plain, "name": one.cluster(mesh.name), "common_lb_config": {"update_merge_window": "0s"}}
    if one.listener.ejection:
        result |= _outlier(one, counts)
    if "down" in one.moves and "health_checks" not in result:
        result["health_checks"] = [_listens()]
    return _transports(result, plain, other)


def _outlier(one: Arm, counts: tuple[int, int]) -> Json:
    """The listener's own ejection rule, in numbers for a cluster that holds the fallback's replicas as well.

    Envoy counts its percentage over all priorities. Without the word "ejected" one own replica always stays,
    for the fallback would be asked if none did.
    """
    rule = one.listener.ejection
    if rule is None:
        return {}
    own, others = counts
    most = max(1, own * rule.max_percent // 100)
    if "ejected" not in one.moves:
        most = min(most, own - 1)
    if most < 1:
        return {}
    percent = -(-100 * most // max(own + others, 1))
    return {"outlier_detection": {**clusters.outlier(rule), "max_ejection_percent": percent}}


def _listens() -> Json:
    """Whether somebody accepts connections: nothing is sent, one answer decides."""
    every = seconds(WATCH)
    times = {"interval": every, "no_traffic_interval": every, "timeout": seconds(1)}
    return {**times, "unhealthy_threshold": 1, "healthy_threshold": 1, "tcp_health_check": {}}


def _transports(result: Json, plain: Json, other: Json) -> tuple[Json, str]:
    """Two kinds of transport in one cluster: the one that a side has is told by a mark on its replicas."""
    own, others = plain.get("transport_socket"), other.get("transport_socket")
    if own == others:
        return result, ""
    side, chosen, rest = (OTHER, others, own) if others else (OWN, own, None)
    matches = [{"name": side, "match": {"side": side}, "transport_socket": chosen}]
    default = {"transport_socket": rest} if rest else {}
    bare = {name: value for name, value in result.items() if name != "transport_socket"}
    return {**bare, **default, "transport_socket_matches": matches}, side


def _assignment(name: str, own: list[Json], others: list[Json], side: str) -> Json:
    """Replicas of the fallback are not checked with the rules of others."""
    return {
        "cluster_name": name,
        "endpoints": [
            *(
                {"lb_endpoints": [_marked(one, side == OWN) for one in group["lb_endpoints"]]}
                for group in own
            ),
            *(
                {
                    "priority": 1,
                    "lb_endpoints": [_unchecked(one, side == OTHER) for one in group["lb_endpoints"]],
                }
                for group in others
            ),
        ],
        "policy": {"overprovisioning_factor": OVERPROVISIONING},
    }


def _unchecked(endpoint: Json, mark: bool) -> Json:
    check = {"health_check_config": {"disable_active_health_check": True}}
    return _marked({**endpoint, "endpoint": {**endpoint["endpoint"], **check}}, mark, OTHER)


def _marked(endpoint: Json, mark: bool, side: str = OWN) -> Json:
    return {**endpoint, "metadata": {"filter_metadata": {MATCH: {"side": side}}}} if mark else endpoint


def _count(groups: list[Json]) -> int:
    return sum(len(one["lb_endpoints"]) for one in groups)


def _find(mesh: Mesh, target: Target) -> tuple[Workload | None, Listener | None]:
    found = next((one for one in mesh.workloads if one.name == target.workload), None)
    return found, found.listener(target.port) if found else None


def _wire(listener: Listener) -> str:
    return "http2" if listener.protocol == "grpc" else listener.protocol


def _refused(route: Route, fallback: Fallback, why: str) -> UsageError:
    return UsageError(
        f"the fallback of {route.id} can't take its calls: {why}",
        where=fallback.clause.where if fallback.clause else route.where,
        hint="name a workload that listens with the same protocol as the route's own targets",
    )

"""What one sidecar shall hold: resources in Envoy's JSON form, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from chaosmesh.envoy.forms import Json


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The complete configuration of one sidecar."""

    clusters: Mapping[str, Json] = field(default_factory=dict)
    endpoints: Mapping[str, Json] = field(default_factory=dict)
    listeners: Mapping[str, Json] = field(default_factory=dict)
    routes: Mapping[str, Json] = field(default_factory=dict)
    secrets: Mapping[str, Json] = field(default_factory=dict, repr=False)

    def route_hashes(self) -> dict[str, str]:
        """Content hash of each egress rule by rule id, as the access log shows it."""
        return {
            mark["rule"]: mark["hash"]
            for config in self.routes.values()
            for host in config["virtual_hosts"]
            for route in host["routes"]
            if (mark := route["metadata"]["filter_metadata"]["chaosmesh"])["rule"]
        }

    def secrets_of_clusters(self) -> set[str]:
        """The secrets without which a cluster can't be used; Envoy acknowledges the cluster before it has them."""
        return set(_secrets(list(self.clusters.values()))) if self.secrets else set()

    def asked_secrets(self) -> dict[str, Json]:
        """The secrets that the clusters and listeners ask for: no other one is ever acknowledged.

        A snapshot on the way to the next one may hold secrets of what is not there yet, or no longer.
        """
        if not self.secrets:
            return {}
        asked = {*_secrets(list(self.clusters.values())), *_secrets(list(self.listeners.values()))}
        return {name: one for name, one in self.secrets.items() if name in asked}


def ground(old: Snapshot, new: Snapshot) -> Snapshot:
    """What must be in force everywhere before any cluster of `new` with a health check is sent.

    A failed first health check is repeated only after its interval, so every sidecar answers on its ingress first.
    """
    if not any(_checked(one) and old.clusters.get(name) != one for name, one in new.clusters.items()):
        return new
    fresh = {name: one for name, one in new.clusters.items() if not _checked(one)}
    clusters = {**old.clusters, **fresh}
    listeners = {**old.listeners, **{k: v for k, v in new.listeners.items() if "_ingress_" in k}}
    return replace(
        new,
        clusters=clusters,
        endpoints={**old.endpoints, **{k: v for k, v in new.endpoints.items() if k in fresh}},
        listeners=listeners,
        routes={**old.routes, **{k: v for k, v in new.routes.items() if "_egress_" not in k}},
        secrets={**old.secrets, **new.secrets},
    )


def _secrets(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for one in node:
            yield from _secrets(one)
    elif isinstance(node, dict):
        if "sds_config" in node:
            yield node["name"]
        for one in node.values():
            yield from _secrets(one)


def _checked(cluster: Json) -> bool:
    return bool(cluster.get("health_checks"))

"""One sidecar in a container: the Envoy that App Mesh would have run beside a node, with servers of a test's own."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HttpWaitStrategy

from chaosmesh.engine.experiment.inputs import Wanted, located, read
from chaosmesh.engine.inputs import policy
from chaosmesh.engine.rendering import layout_of, static
from chaosmesh.errors import UsageError
from chaosmesh.mesh import Topology
from chaosmesh.testcontainers.toxiproxy import _ours

ADMIN, EGRESS, SUBNET = 9901, 15001, "127.16"
BOOTSTRAP = "/etc/envoy-bootstrap.json"
EVERYWHERE = "0.0.0.0"  # noqa: S104 (in its own network)


class SidecarContainer(DockerContainer):
    """Envoy with all that the policy gives a node: routes, retries, timeouts, pools, health checks. Its application is
    at `with_app`, each node that it calls at `with_upstream`; it takes what comes in on the node's own ports, and what
    the application calls, over HTTP and by the Host header, on 15001."""

    def __init__(self, *documents: str | Path, node: str, image: str | None = None, **options: Any) -> None:
        super().__init__(image or _ours("sidecar"), **options)
        wanted = Wanted(tuple(located(one, (Path.cwd(),)) for one in documents))
        resources, self._scenario = read(wanted)
        self._mesh = policy(resources, self._scenario, wanted.profile)
        known = [one.name for one in self._mesh.workloads]
        if node not in known:
            raise UsageError(f"there is no node {node!r}", hint=f"one of: {', '.join(known)}")
        self._node = node
        self._app = "127.0.0.1"
        self._upstreams: dict[str, list[str]] = {}
        self._ports_of_app: dict[int, int] = {}
        ports = [one.port for one in self._mesh.workload(node).listeners]
        self.with_exposed_ports(ADMIN, EGRESS, *ports)
        self.with_command(["envoy", "--config-path", BOOTSTRAP, "--log-level", "warning"])
        self.waiting_for(HttpWaitStrategy(ADMIN, "/ready").for_status_code(200))

    def with_app(self, host: str) -> Self:
        """Where the node's own application is, as the container's network knows it (default: in its own network)."""
        self._app = host
        return self

    def with_upstream(self, node: str, *addresses: str) -> Self:
        """Where copies of a node that it calls are: "host:port" each."""
        if not addresses or not all(one.rpartition(":")[2].isdigit() for one in addresses):
            raise UsageError(
                f"with_upstream: {node} at {addresses!r}", hint='with_upstream("weather", "weather:8080")'
            )
        self._upstreams[node] = list(addresses)
        return self

    def start(self) -> Self:
        """Starts it; returns when it is ready. UsageError for a node that is called and has no upstream."""
        self.with_copy_into_container(json.dumps(self.bootstrap()).encode(), BOOTSTRAP, 0o644)
        super().start()
        return self

    def bootstrap(self) -> dict[str, Any]:
        """The file that it starts from."""
        topology = layout_of(self._mesh, self._scenario, "render", SUBNET)
        with tempfile.TemporaryDirectory() as folder:
            whole = static(self._mesh, self._scenario, SUBNET, Path(folder))
        own = topology.replicas_of(self._node)[0]
        config: dict[str, Any] = whole[own.key]
        resources = config["static_resources"]
        resources["clusters"] = [self._led(one, topology) for one in resources["clusters"]]
        resources["listeners"] = [_plain(one) for one in resources["listeners"]]
        moved: dict[str, Any] = _moved(config, {own.sidecar: EVERYWHERE, own.app: self._app})
        return moved

    def get_admin_url(self) -> str:
        """Envoy's admin page."""
        return self._url(ADMIN)

    def get_ingress_url(self, port: int | None = None) -> str:
        """Where others call the node, on its first port or the given one."""
        return self._url(port or self._mesh.workload(self._node).listeners[0].port)

    def get_egress_url(self) -> str:
        """Where its application calls: the virtual service is named in the Host header."""
        return self._url(EGRESS)

    def _url(self, port: int) -> str:
        return f"http://{self.get_container_host_ip()}:{self.get_exposed_port(port)}"

    def _led(self, cluster: dict[str, Any], topology: Topology) -> dict[str, Any]:
        """A cluster with the upstreams in the place of the mesh's own proxies."""
        servers = {one.address: one.server for one in topology.proxies}
        groups = cluster.get("load_assignment", {}).get("endpoints", [])
        found = {server for group in groups for one in _addresses(group) if (server := servers.get(one))}
        if not found:
            return cluster
        if missing := sorted(found - self._upstreams.keys()):
            raise UsageError(
                f"{self._node} calls {missing[0]}, and nobody says where that is",
                hint=f'with_upstream("{missing[0]}", "host:port")',
            )
        led = [
            {
                **group,
                "lb_endpoints": [
                    _endpoint(one) for server in _servers(group, servers) for one in self._upstreams[server]
                ],
            }
            for group in groups
        ]
        return {
            **cluster,
            "type": "STRICT_DNS",
            "load_assignment": {**cluster["load_assignment"], "endpoints": led},
        }


def _addresses(group: Mapping[str, Any]) -> Iterable[str]:
    for one in group["lb_endpoints"]:
        if socket := one["endpoint"]["address"].get("socket_address"):
            yield socket["address"]


def _servers(group: Mapping[str, Any], servers: Mapping[str, str]) -> Iterable[str]:
    return dict.fromkeys(servers[one] for one in _addresses(group) if one in servers)


def _endpoint(place: str) -> dict[str, Any]:
    host, _, port = place.rpartition(":")
    return {"endpoint": {"address": {"socket_address": {"address": host, "port_value": int(port)}}}}


def _plain(listener: dict[str, Any]) -> dict[str, Any]:
    """Without the addresses of a run's own."""
    return {key: value for key, value in listener.items() if key != "additional_addresses"}


def _moved(tree: Any, places: Mapping[str, str]) -> Any:
    """The same tree with other addresses."""
    if isinstance(tree, dict):
        return {key: _moved(value, places) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_moved(one, places) for one in tree]
    return places.get(tree, tree) if isinstance(tree, str) else tree

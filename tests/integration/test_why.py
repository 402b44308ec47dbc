"""`chaosmesh why` and running Envoys are asked about the same random requests: they agree on every one.

What is compared is where requests go. So the sidecars of callers and gateways run, nothing listens behind them, and
all that is no routing is taken out of the policy: TLS, health checks, ejection, retries.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from chaosmesh.appmesh import Resource, Resources, load
from chaosmesh.appmesh.matching import normalised
from chaosmesh.appmesh.resources import put
from chaosmesh.appmesh.spec import MODELS
from chaosmesh.appmesh.translate import translate
from chaosmesh.appmesh.why import Answer, why
from chaosmesh.documents import Source
from chaosmesh.envoy import AccessRow, names
from chaosmesh.errors import Where
from chaosmesh.mesh import Mesh
from tests.conftest import CORPUS, ROOT
from tests.integration.live import Live, live
from tests.integration.requests_near import Asked, Near, send
from tests.meshes import topology

pytestmark = pytest.mark.integration

REQUESTS = 1_000
SEED = 7
GOLDEN = ROOT / "tests" / "golden" / "appmesh"
WALKS = CORPUS / "walkthroughs"
MATCHES = WALKS / "howto-match-and-rewrite-at-ingress" / "mesh"
LISTENERS = WALKS / "howto-multiple-listeners" / "mesh"


@dataclass(frozen=True)
class Scenario:
    """Documents that make one mesh, in the order in which they were put in force."""

    name: str
    load: Callable[[], Resources]


def whole(name: str, *files: str, **variables: str) -> Scenario:
    """Documents that carry their names."""
    paths = [CORPUS / file for file in files]
    return Scenario(name, lambda: load(paths, variables=variables))


def colors(name: str, updates: dict[str, str]) -> Scenario:
    """`howto-match-and-rewrite-at-ingress`: two services behind a gateway, with some of its updates."""

    def part(file: str, own: str, parent: str | None = None, **variables: str) -> Source:
        return Source(MATCHES / f"{file}.json", own, parent, variables)

    def sources() -> Resources:
        red, yellow = "red.local", "yellow.local"
        base = [
            part("mesh", "colors"),
            part("colorgateway-vg", "door"),
            *(part(f"colorteller-vr-{n}", f"colorteller-vr-{n}") for n in (1, 2)),
            part("colorteller-vs-1", red),
            part("colorteller-vs-2", yellow),
            *(
                part(f"colorteller-{one}-vn", f"colorteller-{one}-vn", DNS_HOSTNAME=one)
                for one in ("red", "yellow")
            ),
            *(part(f"colorteller-route-{n}", "route", f"colorteller-vr-{n}") for n in (1, 2)),
            part("colorgateway-route-1", "gateway-route-1", "door", VIRTUALSERVICE_NAME=red),
            part("colorgateway-route-2", "gateway-route-2", "door", VIRTUALSERVICE_NAME=yellow),
        ]
        changed = {
            "gateway-route-1": ("door", {"VIRTUALSERVICE_NAME": red}),
            "route": ("colorteller-vr-1", {}),
        }
        later = [part(file, own, changed[own][0], **changed[own][1]) for own, file in updates.items()]
        return load([*base, *later])

    return Scenario(name, sources)


def several_listeners() -> Resources:
    """`howto-multiple-listeners`: every listener of the gateway, the router and the node by its port."""

    def part(file: str, own: str, parent: str | None = None, **variables: str) -> Source:
        return Source(LISTENERS / f"{file}.json", own, parent, variables)

    food, color = "food.local", "color.local"
    return load(
        [
            part("mesh", "tellers"),
            part("tellergateway-vg", "door"),
            part("foodteller-vr", "foodteller-vr"),
            part("foodteller-vs", food),
            part("colorteller-vs", color),
            part("foodteller-vn", "foodteller-vn", DNS_HOSTNAME="food"),
            part("colorteller-vn", "colorteller-vn", DNS_HOSTNAME="color"),
            part("fruit-route", "fruit", "foodteller-vr"),
            part("vegetable-route", "vegetable", "foodteller-vr"),
            part("fruit-gateway-route", "fruit", "door", VIRTUALSERVICE_NAME=food),
            part("vegetable-gateway-route", "vegetable", "door", VIRTUALSERVICE_NAME=food),
            part("color-gateway-route", "color", "door", VIRTUALSERVICE_NAME=color),
        ]
    )


def own(name: str) -> Scenario:
    """Documents of this repository, with one more node that calls every service."""

    def read() -> Resources:
        resources = load([GOLDEN / f"{name}.in.yaml"])
        backends = [{"virtualService": {"virtualServiceName": one}} for one in resources.virtual_services]
        spec = MODELS["virtualNode"].model_validate({"backends": backends})
        return put(
            resources, resources.mesh_name, [Resource("virtualNode", "asker", None, spec, Where(name))]
        )

    return Scenario(name, read)


OWN = [own(name) for name in ("gateways", "matches", "protocols", "retries", "tls")]
HTTP = "walkthroughs"
REAL = [
    whole("headers", f"{HTTP}/howto-http-headers/app.yaml", ProjectName="howto"),
    whole("headers-updated", f"{HTTP}/howto-http-headers/app.yaml", f"{HTTP}/howto-http-headers/color-route.json", ProjectName="howto"),
    whole("retries", f"{HTTP}/howto-http-retries/app.yaml", ProjectName="howto"),
    whole("http2", f"{HTTP}/howto-http2/mesh.yaml", ProjectName="howto"),
    whole("grpc", f"{HTTP}/howto-grpc/mesh.yaml", ProjectName="howto"),
    whole("external", f"{HTTP}/howto-external-traffic/mesh/mesh.yaml", MeshName="howto", ServicesDomain="howto"),
    whole("tls", f"{HTTP}/howto-tls-file-provided/mesh/mesh.yaml", MeshName="howto", ServicesDomain="howto"),
    whole("ipv6", f"{HTTP}/howto-ipv6/dns/mesh/mesh-v4-only.yaml", AppMeshMeshName="howto"),
    whole("colorapp", "examples/apps/colorapp/servicemesh/appmesh-colorapp.yaml", AppMeshMeshName="howto", ServicesDomain="howto"),
    whole(
        "k8s-ingress",
        f"{HTTP}/howto-k8s-http-ingress-v2/v1beta2/manifest.yaml.template",
        f"{HTTP}/howto-k8s-http-ingress-v2/v1beta2/gatewayroutes",
        APP_NAMESPACE="howto",
        MESH_NAME="howto",
    ),
    whole("k8s-listeners", f"{HTTP}/howto-k8s-multiple-listeners/manifest.yaml"),
    whole("k8s-egress", f"{HTTP}/howto-k8s-egress/v1beta2/manifest.yaml.template", APP_NAMESPACE="howto", MESH_NAME="howto"),
    whole("k8s-http2", f"{HTTP}/howto-k8s-http2/v1beta2/manifest.yaml.template", APP_NAMESPACE="howto", MESH_NAME="howto", CLOUDMAP_NAMESPACE="howto"),
    whole("k8s-timeouts", f"{HTTP}/howto-k8s-timeout-policy/v1beta2/manifest.yaml.template", APP_NAMESPACE="howto", MESH_NAME="howto", CLOUDMAP_NAMESPACE="howto"),
    colors("ingress", {}),
    colors("ingress-host", {"gateway-route-1": "colorgateway-route-updated-hostname-match"}),
    colors("ingress-kept", {"gateway-route-1": "colorgateway-route-updated-disabled_rewrite", "route": "colorteller-route-updated-rewrite"}),
    colors("ingress-rewritten", {"gateway-route-1": "colorgateway-route-updated-rewrite", "route": "colorteller-route-updated-rewrite"}),
    Scenario("listeners", several_listeners),
]  # fmt: skip


def only_routing(mesh: Mesh) -> Mesh:
    """The mesh with nothing in it but who calls what by which route."""
    workloads = tuple(
        replace(
            one,
            client_tls=(),
            access_log=None,
            listeners=tuple(
                replace(listener, tls=None, health=None, ejection=None, pool=None)
                for listener in one.listeners
            ),
        )
        for one in mesh.workloads
    )
    services = tuple(
        replace(one, routes=tuple(replace(route, retry=None) for route in one.routes))
        for one in mesh.services
    )
    return replace(mesh, workloads=workloads, services=services)


def callers(mesh: Mesh) -> list[str]:
    return [one.name for one in mesh.workloads if one.backends]


def drawn(resources: Resources, mesh: Mesh, one: Live) -> list[Asked]:
    """Requests of every caller in turn."""
    near = Near(resources, SEED)
    sources = callers(mesh)
    found = []
    for number in range(REQUESTS):
        source = sources[number % len(sources)]
        (replica,) = one.topology.replicas_of(source)
        request = near.plain()
        if mesh.workload(source).gateway:
            port = near.dice.choice([listener.port for listener in mesh.workload(source).listeners])
            host = near.user_host()
            meant = replace(request, host=host, port=port)
            found.append(Asked(near.id(), source, (replica.door or "", port), host, meant))
        else:
            host = near.host(resources.virtual_nodes[source])
            address = (replica.sidecar, names.EGRESS_PORT)
            found.append(Asked(near.id(), source, address, host, replace(request, host=host)))
    return found


class Judge:
    """Compares answers with access rows."""

    def __init__(self, mesh: Mesh) -> None:
        self.mesh = mesh
        self.upstreams = {
            names.egress_cluster(mesh.name, one.name, listener.protocol, listener.port): (
                one.name,
                listener.port,
            )
            for one in mesh.workloads
            for listener in one.listeners
        }

    def differs(self, answer: Answer, rows: list[AccessRow]) -> str:
        """What is not as the answer says, or nothing."""
        door = next((one for one in rows if one.side == "door"), None)
        egress = next((one for one in rows if one.side == "egress" and not one.attempt_row), None)
        entry = answer.decision.entry if answer.decision else None
        if door is not None and door.route != (entry.name if entry else ""):
            return f"gateway route {door.route!r}"
        if egress is None:
            return (
                "" if entry is None and door is not None and door.status == 404 else "never left its sidecar"
            )
        if entry is not None and (wrong := self._rewritten(answer, egress)):
            return wrong
        if answer.passes:
            return f"went by {egress.route}" if egress.cluster in self.upstreams else ""
        if answer.status is not None:
            right = (egress.route, egress.status) == ("", 404)
            return "" if right else f"route {egress.route!r}, status {egress.status}"
        return self._routed(answer, egress)

    def _rewritten(self, answer: Answer, row: AccessRow) -> str:
        assert answer.decision
        assert answer.decision.request
        seen = answer.decision.request
        path, mark, query = seen.path.partition("?")
        if row.path != normalised(path) + mark + query:
            return f"path {row.path}, not {seen.path}"
        hosts = {seen.host, f"{seen.host}:{seen.port}", answer.request.host}
        return (
            ""
            if row.authority.partition(":")[0] in {one.partition(":")[0] for one in hosts}
            else f"host {row.authority}"
        )

    def _routed(self, answer: Answer, row: AccessRow) -> str:
        if answer.route is None or row.route != answer.route.name:
            return f"route {row.route!r} (status {row.status})"
        if row.cluster not in self.upstreams:
            return f"cluster {row.cluster!r}"
        node, port = self.upstreams[row.cluster]
        fit = [one for one in answer.targets if one.node == node and one.weight > 0]
        listens = self.mesh.workload(node).listeners[0].port
        return "" if any(port == (one.port or listens) for one in fit) else f"node {node}:{port}"


@pytest.mark.parametrize("scenario", OWN, ids=lambda one: one.name)
def test_why_and_envoy_agree_on_our_own_documents(scenario: Scenario):
    agree(scenario)


@pytest.mark.parametrize("scenario", REAL, ids=lambda one: one.name)
def test_why_and_envoy_agree_on_real_documents(corpus: Path, scenario: Scenario):
    agree(scenario)


def agree(scenario: Scenario) -> None:
    resources = scenario.load()
    mesh = only_routing(translate(resources))
    asyncio.run(asyncio.wait_for(compared(resources, mesh), 200))


async def compared(resources: Resources, mesh: Mesh) -> None:
    doors = [one.name for one in mesh.workloads if one.gateway]
    started = callers(mesh)
    assert started
    async with live(mesh, lambda s: topology(mesh, s, doors=doors), only=started, serve=()) as one:
        asked = drawn(resources, mesh, one)
        await send(asked)
        wanted = {each.id for each in asked}
        answers = {each.id: why(resources, mesh, each.source, each.request) for each in asked}
        whole = {i for i, answer in answers.items() if answer.decision and answer.decision.entry}

        def complete(rows: list[AccessRow]) -> bool:
            doors = {row.request_id for row in rows if row.side == "door"}
            egress = {row.request_id for row in rows if row.side == "egress" and not row.attempt_row}
            return wanted <= doors | egress and whole <= egress

        rows: dict[str, list[AccessRow]] = {}
        for row in await one.rows_until(complete):
            rows.setdefault(row.request_id, []).append(row)
    judge = Judge(mesh)
    wrong = [
        f"{each.source}: {each.request.method} {each.host} {each.request.path} {dict(each.request.headers)}: "
        f"Envoy: {text}; why: {answer.status or (answer.route and answer.route.name)} {answer.reason}"
        for each in asked
        if (answer := answers[each.id]) and (text := judge.differs(answer, rows[each.id]))
    ]
    assert not wrong, f"{len(wrong)} of {len(asked)}:\n" + "\n".join(wrong[:10])
    went = sum(answer.status is None for answer in answers.values())
    assert went >= REQUESTS / 20, f"only {went} requests were routed: the draw misses the routes"

"""What containers a replica consists of: pure data.

A replica is a pod of three: the holder, which owns the network and redirects it before anything else starts; the
sidecar, and the application, which both live in that network. So either of these may crash, hang and come back
while the other one, and the addresses, stay.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field

from chaosmesh.mesh import Mesh, Replica, Topology
from chaosmesh.runtime import layout
from chaosmesh.runtime.parts import Part
from chaosmesh.runtime.toxiproxy import METRICS
from chaosmesh.services.config import StandIn
from chaosmesh.services.placeholders import filled
from chaosmesh.services.program import Program, Volume

PLANE = "/run/chaosmesh"
"""Where sidecars find the sockets of the control plane."""
EVERYWHERE = "0.0.0.0"  # noqa: S104 (inside a pod)
"""Where a program in a pod is told to listen."""
BOOTSTRAP, CONFIG = "/etc/chaosmesh/bootstrap.json", "/etc/chaosmesh/standin.json"
SCRAPER, GATEWAY, ELSEWHERE = "0.2", "0.254", "255.253"
"""Last octets of the address of Prometheus, of this machine, and of names that are no backends."""
CAPTURED = "captured"
"""The line of a holder whose rules are in force."""


@dataclass(frozen=True, slots=True)
class Spec:
    """One container. In the network `inside` (a part's name), or with an `address` of its own and `hosts` (name →
    address). `files` are put into it before it starts; `says` is the line of its log that it is waited for."""

    part: Part
    image: str
    command: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
    hosts: Mapping[str, str] = field(default_factory=dict)
    inside: str = ""
    network_admin: bool = False
    files: Mapping[str, bytes] = field(default_factory=dict)
    volumes: tuple[Volume, ...] = ()
    user: str = ""
    folder: str = ""
    cpus: float | None = None
    memory_mb: int | None = None
    says: str = ""
    foreign: bool = False
    """A program that we didn't write: it keeps the rights that its image expects."""


def pod(mesh: Mesh, topology: Topology, replica: Replica, image: str, app: StandIn | Program | None) -> Spec:
    """The holder of a replica's network. `app`: what runs there, None at a gateway."""
    subnet = topology.subnet
    ports = ",".join(str(one.port) for one in mesh.workload(replica.node).listeners)
    offered = ",".join(one.address for one in topology.egresses_of(replica))
    captured = {
        "CAPTURE_PORTS": ports,
        "CAPTURE_APP": "" if replica.app == layout.INSIDE else replica.app,
        "CAPTURE_VIRTUAL": offered,
    }
    env = {
        **(captured if app is not None else {"CAPTURE_EGRESS": "off", "CAPTURE_LOCAL": offered}),
        "CAPTURE_DOOR": replica.door or "",
        "CAPTURE_GATEWAY": f"{subnet}.{GATEWAY}",
        "CAPTURE_SCRAPER": f"{subnet}.{SCRAPER}",
        **(_ignored(app) if isinstance(app, Program) else {}),
    }
    return Spec(
        Part("holder", replica),
        image,
        command=("capture",),
        env=env,
        address=replica.sidecar,
        hosts=dict(_names(mesh, topology, replica)),
        network_admin=True,
        says=CAPTURED,
    )


def sidecar(
    replica: Replica, image: str, argv: tuple[str, ...], config: bytes, plane: str, logs: str = ""
) -> Spec:
    """Envoy; `argv` is its command, `config` its bootstrap, `plane` the folder of the control plane's sockets, `logs`
    that of the access log in files ("": it writes none)."""
    written = (Volume(logs, logs, read_only=False),) if logs else ()
    return Spec(
        Part("sidecar", replica),
        image,
        command=argv,
        inside=Part("holder", replica).name,
        files={BOOTSTRAP: config},
        volumes=(Volume(PLANE, plane), *written),
    )


def standin(replica: Replica, image: str, config: StandIn) -> Spec:
    """A stand-in."""
    return Spec(
        Part("app", replica),
        image,
        command=(CONFIG,),
        inside=Part("holder", replica).name,
        files={CONFIG: json.dumps(asdict(config)).encode()},
    )


def program(replica: Replica, image: str, app: Program) -> Spec:
    """A workload's own program, unmodified."""
    started = filled(app, EVERYWHERE, replica.sidecar)
    return Spec(
        Part("app", replica),
        image,
        command=started.command,
        entrypoint=started.entrypoint,
        env=started.env,
        inside=Part("holder", replica).name,
        files={one.target: one.text.encode() for one in app.files if one.text is not None},
        volumes=tuple(one for one in app.files if one.text is None),
        user=app.user,
        folder=app.folder,
        cpus=app.cpus,
        memory_mb=app.memory_mb,
        foreign=True,
    )


def proxy_holder(topology: Topology, image: str, port: int) -> Spec:
    """The network in which Toxiproxy listens on the addresses of all edges; nobody but this machine and Prometheus
    reaches its API at `port`."""
    subnet = topology.subnet
    blocks = f"{subnet}.{layout.PROXIES}.0/18,{subnet}.{layout.PROXIES + 64}.0/19"
    return Spec(
        Part("holder"),
        image,
        command=("capture",),
        env={
            "CAPTURE_EGRESS": "off",
            "CAPTURE_LOCAL": blocks,
            "CAPTURE_ADMIN": str(port),
            "CAPTURE_GATEWAY": f"{subnet}.{GATEWAY}",
            "CAPTURE_SCRAPER": f"{subnet}.{SCRAPER}",
        },
        address=layout.api_address(topology),
        network_admin=True,
        says=CAPTURED,
    )


def toxiproxy(image: str, host: str, port: int) -> Spec:
    """Toxiproxy."""
    return Spec(
        Part("toxiproxy"),
        image,
        command=("toxiproxy-server", "-host", host, "-port", str(port), *METRICS),
        env={"LOG_LEVEL": "warn"},
        inside=Part("holder").name,
    )


def hosts_file(spec: Spec) -> str:
    """/etc/hosts of a pod, as the engine would write it."""
    lines = ["127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback"]
    return "\n".join([*lines, *(f"{address}\t{name}" for name, address in spec.hosts.items())]) + "\n"


def _names(mesh: Mesh, topology: Topology, replica: Replica) -> Iterator[tuple[str, str]]:
    """Names that the replica's programs can call: its backends, and every other name that the mesh gives, at an
    address where the egress filter decides."""
    nowhere = f"{topology.subnet}.{ELSEWHERE}"
    for workload in mesh.workloads:
        if workload.discovery and workload.discovery.hostname:
            yield workload.discovery.hostname, nowhere
    for service in mesh.services:
        yield service.name, nowhere
    for egress in topology.egresses_of(replica):
        yield egress.service, egress.address


def _ignored(app: Program) -> dict[str, str]:
    """What a task definition's proxy configuration leaves uncaptured."""
    names = {
        "EgressIgnoredIPs": "APPMESH_EGRESS_IGNORED_IP",
        "EgressIgnoredPorts": "APPMESH_EGRESS_IGNORED_PORTS",
    }
    return {names[key]: value for key, value in app.proxy.items() if key in names}

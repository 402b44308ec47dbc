"""What documents say runs behind virtual nodes, before anybody asks for it: containers, and what is missing of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from chaosmesh.errors import Problem, Where


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that a document leaves open: "image", "env.NAME" or "files.TARGET", and why."""

    what: str
    reason: str
    where: Where


@dataclass(frozen=True, slots=True)
class Mount:
    """A place in a container's file system: a `text` that a document holds, a path of the host (`source`), or an own
    volume of `size_mb` megabytes."""

    target: str
    source: str = ""
    text: str | None = None
    read_only: bool = False
    size_mb: int | None = None


@dataclass(frozen=True, slots=True)
class Probe:
    """When a container serves: a path, a command inside it, a gRPC health check (`grpc` is the service asked for, ""
    the whole server), or a port that accepts. `within` in seconds, None where the document does not say."""

    path: str = ""
    command: tuple[str, ...] = ()
    grpc: str | None = None
    port: int | None = None
    within: float | None = None


@dataclass(frozen=True, slots=True)
class Build:
    """How an image is made: the folder, its Dockerfile ("" is the usual one), build arguments, the stage."""

    context: str
    dockerfile: str = ""
    args: Mapping[str, str] = field(default_factory=dict, hash=False)
    target: str = ""


@dataclass(frozen=True, slots=True)
class Container:
    """One container as a document describes it. `entrypoint` and `command` are None where the image's own hold."""

    name: str
    where: Where
    image: str = ""
    build: Build | None = None
    ports: tuple[int, ...] = ()
    entrypoint: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    env: Mapping[str, str] = field(default_factory=dict, hash=False)
    mounts: tuple[Mount, ...] = ()
    user: str = ""
    folder: str = ""
    cpus: float | None = None
    memory_mb: int | None = None
    probe: Probe | None = None
    gaps: tuple[Gap, ...] = ()
    notes: tuple[Problem, ...] = ()


Origin = Literal["ecs", "kubernetes", "compose"]


@dataclass(frozen=True, slots=True)
class Group:
    """Containers that run together: an ECS task, a pod. Sidecars are not among them (`notes` say so).

    `node` is the virtual node that its Envoy named (ECS). `proxy` are the properties of its proxy configuration, as
    App Mesh called them (`EgressIgnoredPorts`, …); `copies` how many of it a document wants.
    """

    origin: Origin
    title: str
    where: Where
    containers: tuple[Container, ...]
    node: str = ""
    copies: int | None = None
    proxy: Mapping[str, str] = field(default_factory=dict, hash=False)
    notes: tuple[Problem, ...] = ()

    def behind(self, ports: tuple[int, ...]) -> Container | None:
        """The container that a node listening on `ports` stands for: the one with most of them, else the only one;
        None where that can't be told."""
        fitting = sorted(self.containers, key=lambda one: -len(set(one.ports) & set(ports)))
        if not fitting:
            return None
        first = fitting[0]
        if set(first.ports) & set(ports) or len(fitting) == 1:
            return first
        return None


def braced(text: str) -> str:
    """A text of a document, in which `{host}` means itself (`placeholders.fill` takes the second braces off)."""
    return re.sub(r"\{(host|port|replica|address)\}", r"{{\1}}", text)


ENVOY = "Envoy"
_SIDECARS = (  # what an image is called → what it is
    (r"appmesh-envoy|(^|/)envoy(proxy)?(:|@|$)|envoyproxy/", ENVOY),
    (r"appmesh-proxy-route-manager", "the App Mesh injector's init container"),
    (r"xray", "the X-Ray daemon"),
    (r"cloudwatch-agent|cwagent", "the CloudWatch agent"),
    (r"fluent-?bit|fluentd|firelens|filebeat|vector:", "a log router"),
    (r"otel|opentelemetry-collector", "an OpenTelemetry collector"),
    (r"datadog/agent|jaeger-agent|jaegertracing|statsd", "a metrics or tracing agent"),
    (r"service-connect-agent|guardduty", "an agent of AWS"),
    (r"istio/proxyv2|linkerd.*proxy|consul-dataplane", "another mesh's proxy"),
)


def sidecar(image: str, name: str = "") -> str:
    """What a container is by its image where it belongs to the platform and not to the application; "" else."""
    for pattern, words in _SIDECARS:
        if re.search(pattern, image.lower()):
            return words
    own = {"envoy": ENVOY, "xray-daemon": "the X-Ray daemon", "log_router": "a log router"}
    return own.get(name.lower(), "") if not image else ""


def left_out(where: Where, title: str, name: str, words: str) -> Problem:
    """That a container of a group does not run here."""
    hint = "Envoy comes from chaosmesh" if words == ENVOY else "its application runs without it"
    return Problem(where, f"{title}: {name} is left out, {words}", hint)


_UNITS = {"": 1, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}


def mebibytes(quantity: str) -> int | None:
    """A Kubernetes quantity of memory ("128Mi", "1G", "134217728") in MiB, at least 1; None where it is none."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?(?:e\d+)?)\s*([kmgt]?i?)b?", quantity.strip(), re.IGNORECASE)
    if not found or found[2].lower() not in _UNITS:
        return None
    return max(1, round(float(found[1]) * _UNITS[found[2].lower()] / 2**20))


def processors(quantity: str) -> float | None:
    """A Kubernetes quantity of CPU ("500m", "1.5") in cores; None where it is none."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(m?)", quantity.strip())
    cores = float(found[1]) / (1000 if found[2] else 1) if found else 0.0
    return cores or None

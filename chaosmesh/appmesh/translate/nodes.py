"""Virtual nodes: what they serve, how they are found, what they call, where they log."""

from __future__ import annotations

from typing import Any

from chaosmesh.appmesh.profiles import Profile
from chaosmesh.appmesh.resources import Resource
from chaosmesh.appmesh.translate import rules, tls
from chaosmesh.mesh import AccessLog, Discovery, Listener, Workload


def node(resource: Resource, profile: Profile) -> Workload:
    """One virtual node."""
    spec = resource.spec
    backends = [one.virtual_service for one in spec.backends or ()]
    return Workload(
        name=resource.name,
        listeners=listeners(resource, profile),
        backends=tuple(dict.fromkeys(one.virtual_service_name for one in backends)),
        discovery=_discovery(spec.service_discovery),
        client_tls=tls.of_backends(backends, spec.backend_defaults),
        access_log=access_log(spec.logging),
        where=resource.where,
    )


def listeners(resource: Resource, profile: Profile) -> tuple[Listener, ...]:
    """The listeners of a node or a gateway; a gateway's have neither timeouts nor outlier detection."""
    written = enumerate(resource.spec.listeners or ())
    return tuple(_listener(one, resource, index, profile) for index, one in written)


def _listener(written: Any, resource: Resource, index: int, profile: Profile) -> Listener:
    protocol = written.port_mapping.protocol
    outlier = getattr(written, "outlier_detection", None)
    limits = getattr(written, "timeout", None)
    return Listener(
        port=written.port_mapping.port,
        protocol=protocol,
        timeout=rules.timeout(limits.member[1] if limits else None, protocol, profile),
        ejection=rules.ejection(outlier) if outlier else None,
        health=rules.health(written.health_check) if written.health_check else None,
        pool=rules.pool(written.connection_pool) if written.connection_pool else None,
        tls=tls.of_listener(written.tls) if written.tls else None,
        where=resource.place("listeners", index),
    )


def _discovery(written: Any) -> Discovery | None:
    if written is None:
        return None
    if written.aws_cloud_map:
        found = written.aws_cloud_map
        attributes = tuple((one.key, one.value) for one in found.attributes or ())
        return Discovery("eds", f"{found.service_name}.{found.namespace_name}", attributes)
    single = written.dns.response_type != "ENDPOINTS"
    return Discovery("logical_dns" if single else "strict_dns", written.dns.hostname)


def access_log(logging: Any) -> AccessLog | None:
    """The access log file of a node or a gateway, in the format that its author wrote."""
    file = logging.access_log.file if logging and logging.access_log else None
    if file is None:
        return None
    text, pairs = (file.format.text, file.format.json_) if file.format else (None, None)
    return AccessLog(file.path, text, None if pairs is None else tuple((one.key, one.value) for one in pairs))

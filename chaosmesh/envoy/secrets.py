"""Certificates, keys and trusted authorities of a sidecar: what it needs, by name, and the resources they become.

Names are `identity/<kind>/<name>` and `trust/<kind>/<source>,<source>…`. Where several workloads show certificates
of one name (the same path in the container of each), theirs end in `@<workload>`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from chaosmesh.envoy.forms import Json
from chaosmesh.envoy.handshakes import handshake, served, upstreams
from chaosmesh.errors import UsageError
from chaosmesh.mesh import Identity, Mesh, Trust, Workload


@dataclass(frozen=True, slots=True)
class SecretNeed:
    """One secret that a workload's sidecar asks for.

    `sources`: the chain's file (then the key's), the secret or the ARN of an identity; of a trust its files,
    secrets or ARNs, among them the ARN of a certificate whose authority is to be believed. `dns` and `uris` are
    the names that an identity must carry.
    """

    name: str
    role: Literal["identity", "trust"]
    kind: Literal["file", "sds", "issued"]
    sources: tuple[str, ...]
    workload: str
    dns: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Secret:
    """PEM texts: a certificate chain with its key, or the certificates of the authorities that are believed."""

    chain: str = ""
    key: str = ""
    trusted: str = ""


def needed(mesh: Mesh, workload: Workload) -> tuple[SecretNeed, ...]:
    """All secrets of a workload's sidecar, each once, sorted by name. Pure."""
    found = {one.name: one for one in _needs(mesh, workload)}
    return tuple(found[name] for name in sorted(found))


def identity_name(mesh: Mesh, workload: Workload, identity: Identity) -> str:
    """What a workload's certificate is called in Envoy."""
    owners = [one.name for one in mesh.workloads if any(_same(identity, other) for other in _identities(one))]
    shared = f"@{workload.name}" if len(owners) > 1 else ""
    return f"identity/{identity.kind}/{identity.name}{shared}"


def trust_name(trust: Trust) -> str:
    """What a set of trusted authorities is called in Envoy."""
    return f"trust/{trust.kind}/{','.join(trust.sources)}"


def is_uri(name: str) -> bool:
    """Whether a certificate carries this name as a URI (SPIFFE) rather than as a DNS name."""
    return "://" in name


def resources(needs: tuple[SecretNeed, ...], secrets: Mapping[str, Secret]) -> dict[str, Json]:
    """The secrets in Envoy's form, by name. UsageError names one that was not supplied."""
    for one in needs:
        if one.name not in secrets:
            raise UsageError(
                f"{one.workload} needs the secret {one.name}, which nobody supplied",
                hint="name its files, or an authority that issues it, under `certificates:` in the scenario file",
            )
    return {one.name: {"name": one.name, **_content(secrets[one.name])} for one in needs}


def _content(secret: Secret) -> Json:
    if secret.trusted:
        return {"validation_context": {"trusted_ca": {"inline_string": secret.trusted}}}
    chain, key = {"inline_string": secret.chain}, {"inline_string": secret.key}
    return {"tls_certificate": {"certificate_chain": chain, "private_key": key}}


def _needs(mesh: Mesh, workload: Workload) -> Iterator[SecretNeed]:
    for _, identity, trust in served(workload):
        yield _identity(mesh, workload, identity)
        if trust:
            yield _trust(workload, trust)
    for server, listener in upstreams(mesh, workload):
        found = handshake(mesh, workload, server, listener)
        if found and found.identity:
            yield _identity(mesh, workload, found.identity)
        if found and found.trust:
            yield _trust(workload, found.trust)


def _identity(mesh: Mesh, workload: Workload, identity: Identity) -> SecretNeed:
    hostname = workload.discovery.hostname if workload.discovery else ""
    services = (one.name for one in mesh.services if workload.name in mesh.targets(one.name))
    names = dict.fromkeys(one for one in (hostname, workload.name, *services, *_hosts(workload)) if one)
    return SecretNeed(
        name=identity_name(mesh, workload, identity),
        role="identity",
        kind=identity.kind,
        sources=tuple(one for one in (identity.name, identity.key) if one),
        workload=workload.name,
        dns=tuple(one for one in names if not is_uri(one)),
        uris=(identity.name,) if identity.kind == "sds" and is_uri(identity.name) else (),
    )


def _hosts(gateway: Workload) -> Iterator[str]:
    """What users call a gateway, as far as its routes say."""
    for match in (one.match for one in gateway.entry_routes):
        if match.host:
            yield match.host
        if match.host_suffix:
            yield f"*.{match.host_suffix.lstrip('.')}"


def _trust(workload: Workload, trust: Trust) -> SecretNeed:
    return SecretNeed(trust_name(trust), "trust", trust.kind, trust.sources, workload.name)


def _identities(workload: Workload) -> Iterator[Identity]:
    yield from (identity for _, identity, _ in served(workload))
    yield from (rule.identity for _, rule in workload.client_tls if rule.identity)


def _same(one: Identity, other: Identity) -> bool:
    return (one.kind, one.name) == (other.kind, other.name)

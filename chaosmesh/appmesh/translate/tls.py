"""TLS of listeners and of calls, in our own words.

A certificate of AWS Certificate Manager is one that somebody issues for us: kind "issued", named by its ARN.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chaosmesh.mesh import ClientTls, Identity, ServerTls, Trust


def of_listener(written: Any) -> ServerTls:
    """TLS of a listener."""
    return ServerTls(
        mode=written.mode.lower(),
        identity=_identity(written.certificate),
        trust=_trust(written.validation) if written.validation else None,
    )


def of_backends(backends: Iterable[Any], defaults: Any) -> tuple[tuple[str, ClientTls], ...]:
    """(service, rule) for each backend that has one.

    A client policy of the backend's own stands in the place of the default, also one without TLS (inferred).
    """
    found: dict[str, ClientTls | None] = {}
    for one in backends:
        policy = one.client_policy or _policy(defaults)
        found.setdefault(one.virtual_service_name, of_policy(policy))
    return tuple((name, rule) for name, rule in found.items() if rule)


def of_services(services: Iterable[str], defaults: Any) -> tuple[tuple[str, ClientTls], ...]:
    """(service, rule) for the services behind a gateway, which all have the same rule, if any."""
    rule = of_policy(_policy(defaults))
    return tuple((name, rule) for name in services) if rule else ()


def of_policy(policy: Any) -> ClientTls | None:
    """TLS of a client policy; enforced unless it says otherwise."""
    written = policy.tls if policy else None
    if written is None:
        return None
    return ClientTls(
        trust=_trust(written.validation),
        identity=_identity(written.certificate) if written.certificate else None,
        enforce=written.enforce is not False,
        ports=tuple(written.ports or ()),
    )


def _policy(defaults: Any) -> Any:
    return defaults.client_policy if defaults else None


def _identity(certificate: Any) -> Identity:
    kind, written = certificate.member
    if kind == "acm":
        return Identity("issued", written.certificate_arn)
    if kind == "sds":
        return Identity("sds", written.secret_name)
    return Identity("file", written.certificate_chain, written.private_key)


def _trust(validation: Any) -> Trust:
    kind, written = validation.trust.member
    alternatives = validation.subject_alternative_names
    names = tuple(alternatives.match.exact) if alternatives else ()
    if kind == "acm":
        return Trust("issued", tuple(written.certificate_authority_arns), names)
    source = written.secret_name if kind == "sds" else written.certificate_chain
    return Trust(kind, (source,), names)

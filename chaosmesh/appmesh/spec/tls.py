"""TLS of listeners and of clients, and where access logs go."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from chaosmesh.appmesh.spec.base import OneOf, Port, Spec, Text, Text255, Truth


class AcmCertificate(Spec):
    """A certificate of AWS Certificate Manager."""

    certificate_arn: Text


class FileCertificate(Spec):
    """A certificate in files."""

    certificate_chain: Text255
    private_key: Text255


class Secret(Spec):
    """A secret served by SDS."""

    secret_name: Text


class AcmTrust(Spec):
    """Certificate authorities by ARN."""

    certificate_authority_arns: Annotated[tuple[Text, ...], Field(min_length=1, max_length=3)]


class FileTrust(Spec):
    """A file of trusted certificates."""

    certificate_chain: Text255


class SanMatch(Spec):
    """Names that a certificate may carry."""

    exact: tuple[Annotated[Text, Field(min_length=1, max_length=254)], ...]


class SubjectAlternativeNames(Spec):
    """Names that a peer's certificate must carry."""

    match: SanMatch


class ListenerCertificate(OneOf):
    """Where a listener's certificate comes from."""

    acm: AcmCertificate | None = None
    file: FileCertificate | None = None
    sds: Secret | None = None


class ListenerTrust(OneOf):
    """Whom a listener trusts."""

    file: FileTrust | None = None
    sds: Secret | None = None


class ListenerValidation(Spec):
    """What a listener asks of a client's certificate."""

    trust: ListenerTrust
    subject_alternative_names: SubjectAlternativeNames | None = None


class ListenerTls(Spec):
    """TLS of a listener."""

    mode: Literal["STRICT", "PERMISSIVE", "DISABLED"]
    certificate: ListenerCertificate
    validation: ListenerValidation | None = None


class ClientCertificate(OneOf):
    """What a client shows."""

    file: FileCertificate | None = None
    sds: Secret | None = None


class ClientTrust(OneOf):
    """Whom a client trusts."""

    acm: AcmTrust | None = None
    file: FileTrust | None = None
    sds: Secret | None = None


class ClientValidation(Spec):
    """What a client asks of a server's certificate."""

    trust: ClientTrust
    subject_alternative_names: SubjectAlternativeNames | None = None


class ClientTls(Spec):
    """TLS of a client; enforced unless said otherwise, on all ports unless some are listed."""

    validation: ClientValidation
    certificate: ClientCertificate | None = None
    enforce: Truth | None = None
    ports: tuple[Port, ...] | None = None


class ClientPolicy(Spec):
    """How a client speaks to a backend."""

    tls: ClientTls | None = None


class BackendDefaults(Spec):
    """The client policy of every backend that has none of its own."""

    client_policy: ClientPolicy | None = None


class JsonField(Spec):
    """One member of a JSON access log entry."""

    key: Annotated[Text, Field(min_length=1, max_length=100)]
    value: Annotated[Text, Field(min_length=1, max_length=100)]


class LogFormat(OneOf):
    """Format of an access log entry."""

    text: Annotated[Text, Field(min_length=1, max_length=1000)] | None = None
    json_: Annotated[tuple[JsonField, ...] | None, Field(alias="json")] = None


class LogFile(Spec):
    """A file for access logs."""

    path: Text255
    format: LogFormat | None = None


class AccessLog(OneOf):
    """Where access logs go."""

    file: LogFile | None = None


class Logging(Spec):
    """Logging of a node or a gateway."""

    access_log: AccessLog | None = None

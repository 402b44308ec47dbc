"""Certificates for tests: small authorities, made on the spot."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chaosmesh.envoy import Secret, SecretNeed, needed
from chaosmesh.mesh import Mesh

DAY = datetime.timedelta(days=1)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


@dataclass
class Authority:
    """Issues certificates for any names."""

    name: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def __post_init__(self) -> None:
        ca = x509.BasicConstraints(ca=True, path_length=None)
        made = self._builder(self.name, self.key).add_extension(ca, critical=True)
        self.certificate = made.sign(self.key, hashes.SHA256())

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def issue(self, *names: str) -> Secret:
        """A certificate with its key; names are DNS names, URIs or IP addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = x509.SubjectAlternativeName([_general(one) for one in names])
        made = self._builder(names[0], key).add_extension(alternatives, critical=False)
        certificate = made.sign(self.key, hashes.SHA256())
        return Secret(chain=certificate.public_bytes(serialization.Encoding.PEM).decode(), key=_pem(key))

    def supply(self, need: SecretNeed) -> Secret:
        """What a sidecar needs, all of it by this authority."""
        if need.role == "trust":
            return Secret(trusted=self.pem)
        return self.issue(*need.dns, *need.uris)

    def _builder(self, name: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name(self.name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - DAY)
            .not_valid_after(now + DAY)
        )


def _general(name: str) -> x509.GeneralName:
    if "://" in name:
        return x509.UniformResourceIdentifier(name)
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def supplied(mesh: Mesh, authority: Authority) -> dict[str, Secret]:
    """All secrets that the sidecars of a mesh need, by one authority."""
    wanted = {one.name: one for workload in mesh.workloads for one in needed(mesh, workload)}
    return {name: authority.supply(one) for name, one in wanted.items()}


def client_context(
    authority: Authority, folder: Path, own: Secret | None = None, alpn: Sequence[str] = ()
) -> ssl.SSLContext:
    """A client that believes an authority, and shows a certificate of its own if it has one."""
    context = ssl.create_default_context(cadata=authority.pem)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    if own:
        files = folder / "own.crt", folder / "own.key"
        for file, text in zip(files, (own.chain, own.key), strict=True):
            file.write_text(text)
        context.load_cert_chain(*files)
    return context

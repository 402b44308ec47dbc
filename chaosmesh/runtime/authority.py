"""The certificates of a run: read from files of the user's, or issued by authorities that live as long as the run."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chaosmesh.documents.extras import Certificate
from chaosmesh.documents.scenario import Scenario
from chaosmesh.envoy.secrets import Secret, SecretNeed, is_uri
from chaosmesh.errors import DocumentError, Problem, UsageError

DEFAULT = "chaosmesh"
"""The authority of everything that the scenario says nothing of."""

EARLIER = datetime.timedelta(minutes=1)
LIFE = datetime.timedelta(hours=24)
WRONG_NAME = "wrong-name.invalid"
LONGEST_NAME = 64  # characters of a common name (RFC 5280, ub-common-name)


class Authority:
    """All authorities of one run, by name. Keys are made when they are needed, and stay in memory."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._declared: Mapping[str, Certificate] = scenario.certificates
        self._issuers: dict[str, _Issuer] = {}
        self._made: dict[SecretNeed, Secret] = {}
        self._flawed: dict[tuple[SecretNeed, str], Secret] = {}

    def supply(self, needs: Iterable[SecretNeed]) -> dict[str, Secret]:
        """A secret for every need, by its name. DocumentError with every file that can't be used."""
        found: dict[str, Secret] = {}
        problems: list[Problem] = []
        for one in needs:
            try:
                found[one.name] = self.issue(one)
            except DocumentError as error:
                problems += [each for each in error.problems if each not in problems]
        if problems:
            raise DocumentError(problems)
        return found

    def issue(self, need: SecretNeed) -> Secret:
        """The secret for one need; the same one whenever the same need comes again."""
        if need not in self._made:
            self._made[need] = self._identity(need) if need.role == "identity" else self._trust(need)
        return self._made[need]

    def flawed(self, need: SecretNeed, flaw: str) -> Secret:
        """An identity with which something is wrong: "expired", "wrong_name", or "wrong_authority", which nobody
        believes. UsageError where the right one is a file of the user's: only its authority could make the first two.
        """
        if (need, flaw) not in self._flawed:
            declared = self._declared.get(need.sources[0])
            foreign = declared is not None and declared.file is not None
            if foreign and flaw != "wrong_authority":
                raise UsageError(
                    f"certificate: {need.sources[0]} is a file, and only its authority can make it {flaw}",
                    hint='certificate("wrong_authority") works with any, `expired: true` in the scenario too',
                )
            issuer = _Issuer("nobody's") if flaw == "wrong_authority" else self._issuer(declared)
            dns, uris = ((WRONG_NAME,), ()) if flaw == "wrong_name" else self._names(need, declared)
            self._flawed[need, flaw] = issuer.certificate(dns, uris, expired=flaw == "expired")
        return self._flawed[need, flaw]

    def invented(self, needs: Iterable[SecretNeed]) -> tuple[str, ...]:
        """What the scenario does not declare, so that an authority of our own stands in for it."""
        names = (need.sources[:1] if need.role == "identity" else need.sources for need in needs)
        return tuple(dict.fromkeys(one for group in names for one in group if one not in self._declared))

    def believers(self, need: SecretNeed) -> str:
        """The certificates (PEM) that one must believe to accept an identity: its authority's; of a file its own."""
        declared = self._declared.get(need.sources[0])
        if declared is not None and declared.file is not None:
            return self.issue(need).chain
        return self._issuer(declared).pem

    def _identity(self, need: SecretNeed) -> Secret:
        source = need.sources[0]
        declared = self._declared.get(source)
        if declared is not None and declared.file is not None:
            return self._files(source, declared, declared.file)
        dns, uris = self._names(need, declared)
        expired = declared is not None and declared.expired
        return self._issuer(declared).certificate(dns, uris, expired=expired)

    def _names(
        self, need: SecretNeed, declared: Certificate | None
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Hosts and URIs that an identity carries."""
        if declared is None or declared.names is None:
            return need.dns, need.uris
        return (
            tuple(one for one in declared.names if not is_uri(one)),
            tuple(one for one in declared.names if is_uri(one)),
        )

    def _trust(self, need: SecretNeed) -> Secret:
        texts: dict[str, None] = {}
        for source in need.sources:
            declared = self._declared.get(source)
            if declared is not None and declared.file is not None:
                text = self._text(source, declared.file)
                self._certificates(source, declared.file, text)
                texts[text] = None
            else:
                for name in (declared.authority if declared else ()) or (DEFAULT,):
                    texts[self._named(name).pem] = None
        return Secret(trusted="".join(text if text.endswith("\n") else f"{text}\n" for text in texts))

    def _issuer(self, declared: Certificate | None) -> _Issuer:
        return self._named(declared.authority[0] if declared and declared.authority else DEFAULT)

    def _named(self, name: str) -> _Issuer:
        return self._issuers.setdefault(name, _Issuer(name))

    # files of the user's

    def _files(self, source: str, declared: Certificate, file: str) -> Secret:
        if declared.key is None:
            raise self._problem(
                source, f"{source} is a certificate that is shown, but has no key", "write key: FILE"
            )
        chain, key = self._text(source, file), self._text(source, declared.key)
        first = self._certificates(source, file, chain)[0]
        try:
            private = serialization.load_pem_private_key(key.encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise self._problem(
                source, f"{declared.key} holds no private key in PEM without a password ({error})", _PEM_KEY
            ) from None
        if _public(private.public_key()) != _public(first.public_key()):
            raise self._problem(
                source,
                f"the key in {declared.key} is not that of the first certificate in {file}",
                "the certificate of the key comes first, those of its authorities after it",
            )
        return Secret(chain=chain, key=key)

    def _text(self, source: str, file: str) -> str:
        path = self._scenario.base / file
        try:
            return path.read_text()
        except OSError as error:
            what = (
                f"{path}: there is no such file"
                if isinstance(error, FileNotFoundError)
                else f"{path}: {error}"
            )
            raise self._problem(source, what, "files stand relative to the scenario file's folder") from None
        except UnicodeDecodeError:
            raise self._problem(source, f"{path} is not PEM", _PEM) from None

    def _certificates(self, source: str, file: str, text: str) -> list[x509.Certificate]:
        try:
            return x509.load_pem_x509_certificates(text.encode())
        except ValueError:
            raise self._problem(source, f"{file} holds no certificate in PEM", _PEM) from None

    def _problem(self, source: str, message: str, hint: str) -> DocumentError:
        return DocumentError([Problem(self._scenario.place("certificates", source), message, hint)])


_PEM = "PEM begins with -----BEGIN CERTIFICATE-----; `openssl x509 -inform DER -in FILE` converts DER"
_PEM_KEY = "`openssl pkey -in FILE` takes a password off and writes PEM"


class _Issuer:
    """One authority."""

    def __init__(self, name: str) -> None:
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _short(f"{name} authority"))])

    @cached_property
    def pem(self) -> str:
        """The authority's own certificate."""
        return _pem(self._own)

    def certificate(self, dns: Sequence[str], uris: Sequence[str], *, expired: bool) -> Secret:
        """A certificate for these names with its key, good for servers and clients."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = [*map(_general, dns), *map(x509.UniformResourceIdentifier, uris)]
        title = next(iter((*dns, *uris)), "nobody")
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _short(title))])
        shift = -2 * LIFE if expired else datetime.timedelta()
        builder = self._begun(subject, key, shift).add_extension(
            x509.ExtendedKeyUsage(
                [x509.oid.ExtendedKeyUsageOID.SERVER_AUTH, x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH]
            ),
            critical=False,
        )
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        made = builder.sign(self._key, hashes.SHA256())
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return Secret(chain=_pem(made), key=private.decode())

    @cached_property
    def _key(self) -> ec.EllipticCurvePrivateKey:
        return ec.generate_private_key(ec.SECP256R1())

    @cached_property
    def _own(self) -> x509.Certificate:
        builder = self._begun(self._name, self._key, datetime.timedelta())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        return builder.sign(self._key, hashes.SHA256())

    def _begun(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, shift: datetime.timedelta
    ) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC) + shift
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - EARLIER)
            .not_valid_after(now + LIFE)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
        )


def _general(name: str) -> x509.GeneralName:
    """Names of hosts; an address is not one."""
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _short(name: str) -> str:
    return name[:LONGEST_NAME]


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _public(key: object) -> bytes:
    return key.public_bytes(  # type: ignore[attr-defined, no-any-return]
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )

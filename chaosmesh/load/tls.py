"""TLS for connections that are driven by callbacks: bytes in, bytes out, no socket."""

from __future__ import annotations

import ssl

from chaosmesh.load.plan import Protocol, Tls
from chaosmesh.load.wire import Failure

_ALPN: dict[Protocol, str] = {"http": "http/1.1", "http2": "h2", "grpc": "h2"}
# TCP offers nothing. A server that picks nothing is spoken to all the same: it may just not know ALPN.

_CHUNK = 1 << 16


class TlsError(Exception):
    """Raised when a handshake or a record fails; the text names the reason as TLS does."""


def context_of(tls: Tls, protocol: Protocol) -> ssl.SSLContext:
    """What connections of a stream share; raises OSError (ssl.SSLError too) for files that can't be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = bool(tls.ca_file and tls.server_name)
    context.verify_mode = ssl.CERT_REQUIRED if tls.ca_file else ssl.CERT_NONE
    if tls.ca_file:
        context.load_verify_locations(tls.ca_file)
    if tls.cert_file:
        context.load_cert_chain(tls.cert_file, tls.key_file, password=_no_password)
    if protocol in _ALPN:
        context.set_alpn_protocols([_ALPN[protocol]])
    return context


def _no_password() -> str:
    raise ssl.SSLError("the key is encrypted")  # instead of a prompt on a terminal that isn't there


class Secure:
    """TLS as a pool of connections shares it; later connections resume the session of earlier ones."""

    def __init__(self, tls: Tls, protocol: Protocol) -> None:
        self.context = context_of(tls, protocol)
        self.server_name = tls.server_name or None
        self.session: ssl.SSLSession | None = None

    def cipher(self) -> Cipher:
        """The TLS of one new connection."""
        return Cipher(self)


class Cipher:
    """Client side of one connection. `ended`: the peer closed in order."""

    __slots__ = ("_incoming", "_learned", "_object", "_outgoing", "_secure", "_shaken", "_waiting", "ended")

    def __init__(self, secure: Secure) -> None:
        self._secure = secure
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = secure.context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=secure.server_name, session=secure.session
        )
        self._shaken = self._learned = self.ended = False
        self._waiting = b""

    def greeting(self) -> bytes:
        """The first bytes to send."""
        self._shake()
        return self.outgoing()

    def encrypt(self, data: bytes) -> bytes:
        """The bytes to send for `data`; nothing before the handshake is done, `outgoing` has them then."""
        if not self._shaken:
            self._waiting += data
            return b""
        self._object.write(data)
        return self._outgoing.read()

    def outgoing(self) -> bytes:
        """What TLS itself wants to send, and what waited for the handshake."""
        return self._outgoing.read()

    def decrypt(self, data: memoryview) -> list[bytes]:
        """The application's bytes in what came; raises TlsError."""
        self._incoming.write(data)
        if not self._shaken and not self._shake():
            return []
        plain = self._read()
        if plain and not self._learned:
            self._learned = True
            # TLS 1.3 sends its tickets after the handshake, ahead of the first answer.
            self._secure.session = self._object.session
        return plain

    def cut(self) -> list[bytes]:
        """The connection ended without TLS's own goodbye: always raises TlsError."""
        raise TlsError(Failure.CLOSED if self._shaken else "tls: connection closed in the handshake")

    def _shake(self) -> bool:
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError as error:
            raise TlsError(reason_of(error)) from error
        self._shaken = True
        if self._waiting:
            self._object.write(self._waiting)
            self._waiting = b""
        return True

    def _read(self) -> list[bytes]:
        plain: list[bytes] = []
        try:
            while piece := self._object.read(_CHUNK):
                plain.append(piece)
        except ssl.SSLWantReadError:
            return plain
        except ssl.SSLZeroReturnError:
            pass
        except ssl.SSLError as error:
            raise TlsError(reason_of(error)) from error
        self.ended = True
        return plain


def reason_of(error: ssl.SSLError) -> str:
    """The reason of a failed handshake, such as `tls: CERTIFICATE_VERIFY_FAILED (certificate has expired)`."""
    reason = error.reason or type(error).__name__
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"tls: {reason} ({error.verify_message.rstrip('.')})"
    return f"tls: {reason}"

"""A connection driven by callbacks on gevent's loop, plain or under TLS: no greenlet per request.

Only the generator's process imports this module.
"""

from __future__ import annotations

import errno
from _socket import socket as raw_socket  # gevent's own socket class would park greenlets
from abc import ABC, abstractmethod
from dataclasses import dataclass
from socket import (
    AF_INET,
    AF_INET6,
    IPPROTO_TCP,
    SO_ERROR,
    SOCK_CLOEXEC,
    SOCK_NONBLOCK,
    SOCK_STREAM,
    SOL_SOCKET,
    TCP_NODELAY,
)
from typing import Any

from gevent import get_hub

from chaosmesh.load.exchange import ShortOfSocketsError
from chaosmesh.load.tls import Cipher, Secure, TlsError
from chaosmesh.load.wire import Failure

_READ, _WRITE = 1, 2
_BUFFER = memoryview(bytearray(1 << 18))  # one for all: a read is parsed before the next one starts
_SHORT_OF_SOCKETS = {errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.ENOMEM}
_FAILURES = {
    errno.ECONNREFUSED: Failure.REFUSED,
    errno.ECONNRESET: Failure.RESET,
    errno.EPIPE: Failure.RESET,
    errno.ETIMEDOUT: Failure.TIMEOUT,
    errno.EHOSTUNREACH: Failure.UNREACHABLE,
    errno.ENETUNREACH: Failure.UNREACHABLE,
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the connections of a pool go, and how they are secured."""

    address: tuple[str, int]
    secure: Secure | None = None


class Link(ABC):
    """The bytes of one connection; what they mean is the business of its subclasses.

    They get `received` (the buffer is theirs until they return), `ended` (the peer closed in order) and `broken`
    (anything else that ends a connection). Each of the three may close the link.
    """

    __slots__ = ("_cipher", "_connected", "_endpoint", "_reader", "_socket", "_unsent", "_writer", "closed")

    def __init__(self, endpoint: Endpoint) -> None:
        family = AF_INET6 if ":" in endpoint.address[0] else AF_INET
        try:
            self._socket = raw_socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC)
        except OSError as error:
            raise ShortOfSocketsError(str(error)) from error
        self._endpoint = endpoint
        self._reader: Any = None
        self._writer: Any = None
        self._cipher: Cipher | None = None
        self._connected = self.closed = False
        self._unsent = b""

    @abstractmethod
    def received(self, data: memoryview | bytes) -> None:
        """Takes bytes of the peer's application."""

    @abstractmethod
    def ended(self) -> None:
        """Takes note that the peer sends nothing more."""

    @abstractmethod
    def broken(self, failure: str) -> None:
        """Takes note that the connection is lost, or never came to be."""

    def connect(self) -> None:
        """Begins to connect; raises ShortOfSocketsError, and may call `broken` at once."""
        self._socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        code = self._socket.connect_ex(self._endpoint.address)
        if code in _SHORT_OF_SOCKETS:
            self.close()
            raise ShortOfSocketsError(errno.errorcode[code])
        if code not in (0, errno.EINPROGRESS):
            self.broken(_FAILURES.get(code, Failure.BROKEN))
            return
        if self._endpoint.secure is not None:
            self._cipher = self._endpoint.secure.cipher()
            self._unsent = self._cipher.greeting()
        self._write_later()

    def write(self, data: bytes) -> None:
        """Sends bytes, or keeps them until the connection can take them."""
        if self._cipher is not None:
            data = self._cipher.encrypt(data)
        self._put(data)

    def close(self) -> None:
        """Gives socket and watchers back."""
        self.closed = True
        for watcher in (self._reader, self._writer):
            if watcher is not None:
                watcher.stop()
                watcher.close()
        self._reader = self._writer = None
        self._socket.close()

    def _put(self, data: bytes) -> None:
        if self._unsent or not self._connected:
            self._unsent += data
            return
        try:
            written = self._socket.send(data)
        except BlockingIOError:
            written = 0
        except OSError as error:
            self.broken(_FAILURES.get(error.errno or 0, Failure.BROKEN))
            return
        if written < len(data):
            self._unsent = data[written:]
            self._write_later()

    def _write_later(self) -> None:
        self._writer = get_hub().loop.io(self._socket.fileno(), _WRITE)
        self._writer.start(self._on_writable)

    def _on_writable(self) -> None:
        self._writer.stop()
        self._writer.close()
        self._writer = None
        if not self._connected:
            code = self._socket.getsockopt(SOL_SOCKET, SO_ERROR)
            if code:
                self.broken(_FAILURES.get(code, Failure.BROKEN))
                return
            self._connected = True
            self._reader = get_hub().loop.io(self._socket.fileno(), _READ)
            self._reader.start(self._on_readable)
        data, self._unsent = self._unsent, b""
        self._put(data)

    def _on_readable(self) -> None:
        try:
            length = self._socket.recv_into(_BUFFER)
        except BlockingIOError:
            return
        except OSError as error:
            self.broken(_FAILURES.get(error.errno or 0, Failure.BROKEN))
            return
        if self._cipher is not None:
            self._decrypt(self._cipher, _BUFFER[:length])
        elif length:
            self.received(_BUFFER[:length])
        else:
            self.ended()

    def _decrypt(self, cipher: Cipher, data: memoryview) -> None:
        failure = ""
        plain: list[bytes] = []
        try:
            plain = cipher.decrypt(data) if data else cipher.cut()
        except TlsError as error:
            failure = str(error)
        if out := cipher.outgoing():  # also the alert that says why
            self._put(out)
        for piece in plain:
            if not self.closed:
                self.received(piece)
        if self.closed:
            return
        if failure:
            self.broken(failure)
        elif cipher.ended:
            self.ended()

"""HTTP/1.1 connections driven by callbacks on gevent's loop: no greenlet per request.

Only the generator's process imports this module.
"""

from __future__ import annotations

import errno
from _socket import socket as raw_socket  # gevent's own socket class would park greenlets
from collections.abc import Callable
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

from chaosmesh.load.answer import Answer, BadAnswerError
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


class ShortOfSocketsError(Exception):
    """Raised when this process can't open one more connection: the generator's fault, not the service's."""


@dataclass(slots=True)
class Exchange:
    """One request under way; times are nanoseconds of the monotonic clock."""

    seq: int
    spec: int
    intended: int
    sent: int
    data: bytes
    head: bool
    connection: Connection | None = None
    retried: bool = False


Finished = Callable[[Exchange, int, int, Failure], None]
"""Called once per exchange with status (0 without an answer), size of the body, and failure."""


class Pool:
    """The connections of one stream to one address; the one used last goes first."""

    def __init__(self, address: tuple[str, int], finished: Finished) -> None:
        self.address = address
        self.family = AF_INET6 if ":" in address[0] else AF_INET
        self.finished = finished
        self.idle: list[Connection] = []
        self.retried = 0

    def send(self, exchange: Exchange) -> None:
        """Starts the exchange on an idle connection or a new one; raises ShortOfSocketsError."""
        connection = self.idle.pop() if self.idle else Connection(self)
        connection.start(exchange)

    def retry(self, exchange: Exchange) -> bool:
        """Once more, on a connection of its own; False when no socket is left."""
        try:
            connection = Connection(self)
        except ShortOfSocketsError:
            return False
        exchange.retried = True
        self.retried += 1
        connection.start(exchange)
        return True

    def give_up(self, exchange: Exchange, failure: Failure) -> None:
        """Ends an exchange without waiting for its answer any longer."""
        if exchange.connection is not None:
            exchange.connection.fail(failure)

    def close(self) -> None:
        """Closes what is idle; exchanges under way are left alone."""
        for connection in list(self.idle):
            connection.close()


class Connection:
    """One keep-alive connection with at most one exchange."""

    __slots__ = (
        "_answer",
        "_connected",
        "_exchange",
        "_pool",
        "_reader",
        "_served",
        "_socket",
        "_unsent",
        "_writer",
    )

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._socket = self._open(pool)
        self._reader: Any = None
        self._writer: Any = None
        self._answer = Answer()
        self._connected = self._served = False
        self._exchange: Exchange | None = None
        self._unsent = b""

    @staticmethod
    def _open(pool: Pool) -> raw_socket:
        try:
            return raw_socket(pool.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC)
        except OSError as error:
            raise ShortOfSocketsError(str(error)) from error

    def start(self, exchange: Exchange) -> None:
        """Sends a request, connecting first if needed."""
        self._exchange = exchange
        exchange.connection = self
        self._answer.expect(head=exchange.head)
        if self._connected:
            self._write(exchange.data)
        else:
            self._connect(exchange.data)

    def fail(self, failure: Failure) -> None:
        """Ends the exchange without an answer and drops the connection."""
        exchange = self._take()
        self.close()
        self._pool.finished(exchange, 0, 0, failure)

    def close(self) -> None:
        """Gives socket and watchers back."""
        if self._exchange is None and self in self._pool.idle:
            self._pool.idle.remove(self)
        for watcher in (self._reader, self._writer):
            if watcher is not None:
                watcher.stop()
                watcher.close()
        self._reader = self._writer = None
        self._answer.release()
        self._socket.close()

    def _connect(self, data: bytes) -> None:
        self._socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        code = self._socket.connect_ex(self._pool.address)
        if code in _SHORT_OF_SOCKETS:
            self._take()
            self.close()
            raise ShortOfSocketsError(errno.errorcode[code])
        if code not in (0, errno.EINPROGRESS):
            self.fail(_FAILURES.get(code, Failure.BROKEN))
            return
        self._write_later(data)

    def _write_later(self, data: bytes) -> None:
        self._unsent = data
        self._writer = get_hub().loop.io(self._socket.fileno(), _WRITE)
        self._writer.start(self._on_writable)

    def _on_writable(self) -> None:
        self._writer.stop()
        self._writer.close()
        self._writer = None
        if not self._connected:
            code = self._socket.getsockopt(SOL_SOCKET, SO_ERROR)
            if code:
                self.fail(_FAILURES.get(code, Failure.BROKEN))
                return
            self._connected = True
            self._reader = get_hub().loop.io(self._socket.fileno(), _READ)
            self._reader.start(self._on_readable)
        self._write(self._unsent)

    def _write(self, data: bytes) -> None:
        try:
            written = self._socket.send(data)
        except BlockingIOError:
            written = 0
        except OSError as error:
            self._lost(_FAILURES.get(error.errno or 0, Failure.BROKEN))
            return
        if written < len(data):
            self._write_later(data[written:])
        else:
            self._unsent = b""

    def _on_readable(self) -> None:
        try:
            length = self._socket.recv_into(_BUFFER)
        except BlockingIOError:
            return
        except OSError as error:
            self._lost(_FAILURES.get(error.errno or 0, Failure.BROKEN))
            return
        if not length:
            self._ended()
        elif self._exchange is None:
            self.close()  # bytes that no request asked for
        else:
            self._read(_BUFFER[:length])

    def _read(self, data: memoryview) -> None:
        try:
            self._answer.feed(data)
        except BadAnswerError:
            self.fail(Failure.BAD_ANSWER)
            return
        if self._answer.complete:
            self._finish(keep=self._answer.keep and not self._unsent)

    def _ended(self) -> None:
        if self._exchange is not None and self._answer.ends_with_connection():
            self._finish(keep=False)
        else:
            self._lost(Failure.CLOSED)

    def _finish(self, *, keep: bool) -> None:
        exchange = self._take()
        status, size = self._answer.status, self._answer.size
        if keep:
            self._served = True
            self._pool.idle.append(self)
        else:
            self.close()
        self._pool.finished(exchange, status, size, Failure.NONE)

    def _lost(self, failure: Failure) -> None:
        """The server closed or reset. A used connection may just have been closed as idle: RFC 9112, 9.3.1."""
        exchange = self._exchange
        if exchange is None:
            self.close()
        elif self._served and not self._answer.arrived and not exchange.retried:
            self._take()
            self.close()
            if not self._pool.retry(exchange):
                self._pool.finished(exchange, 0, 0, failure)
        else:
            self.fail(failure)

    def _take(self) -> Exchange:
        exchange = self._exchange
        assert exchange is not None
        self._exchange = exchange.connection = None
        return exchange

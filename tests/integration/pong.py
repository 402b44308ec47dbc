"""A real TCP server for tests of what is outside a mesh: as Redis does, it answers PING with +PONG."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        while self.rfile.readline():
            self.wfile.write(b"+PONG\r\n")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@contextmanager
def pong() -> Iterator[int]:
    """The port of 127.0.0.1 that it listens on."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


class Client:
    """One connection."""

    def __init__(self, address: str, timeout: float = 20.0) -> None:
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), timeout)

    def ping(self) -> float:
        """Seconds until the answer; OSError without one."""
        begin = time.monotonic()
        self._socket.sendall(b"PING\r\n")
        answer = b""
        while not answer.endswith(b"\n") and (part := self._socket.recv(100)):
            answer += part
        if answer != b"+PONG\r\n":
            raise ConnectionResetError(f"got {answer!r}")
        return time.monotonic() - begin

    def close(self) -> None:
        self._socket.close()


def soonest(ping: Callable[[], float], tries: int = 20) -> float:
    """The least of some answers' times: what holds every one of them back shows in it, a busy host does not."""
    return min(ping() for _ in range(tries))


def pinged(address: str, timeout: float = 20.0) -> float:
    """On a connection of its own."""
    client = Client(address, timeout)
    try:
        return client.ping()
    finally:
        client.close()

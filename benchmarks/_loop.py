"""A request loop on one connection, until standard input ends: triples (sent, answered, status) of int64 to standard output."""

from __future__ import annotations

import select
import socket
import sys
import time
from array import array

_REQUEST = b"GET / HTTP/1.1\r\nhost: color\r\n\r\n"


def main(host: str, port: str) -> None:
    """Asks as fast as the answers come; times are of the monotonic clock that all processes share."""
    seen = array("q")
    with socket.create_connection((host, int(port))) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while not select.select([sys.stdin], [], [], 0)[0]:
            sent = time.monotonic_ns()
            connection.sendall(_REQUEST)
            status = _status(connection)
            seen.extend((sent, time.monotonic_ns(), status))
    sys.stdout.buffer.write(seen.tobytes())


def _status(connection: socket.socket) -> int:
    """The status of one answer, read to the end of its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    while len(body) < length:
        body += _more(connection)
    return int(head[9:12])


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError("the sidecar closed the connection")
    return data


if __name__ == "__main__":
    main(*sys.argv[1:])

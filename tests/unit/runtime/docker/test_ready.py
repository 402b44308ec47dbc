"""What is missing until a workload's own program serves, asked inside its network."""

from __future__ import annotations

import base64
import struct
from typing import Any

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived

from chaosmesh.mesh import Replica
from chaosmesh.runtime.docker import health
from chaosmesh.runtime.docker.ready import Readiness
from chaosmesh.services.program import Program, Ready

REPLICA = Replica("blue", 0, "10.200.16.1", "127.0.0.1")


class Inside:
    """Containers that answer every command alike, and note it."""

    def __init__(self, code: int, output: str = "", log: str = "") -> None:
        self.answer = code, output
        self.written = log
        self.asked: list[tuple[str, list[str]]] = []

    def run_inside(self, part: str, words: list[str]) -> tuple[int, str]:
        self.asked.append((part, words))
        return self.answer

    def log(self, _part: str) -> str:
        return self.written


def look(inside: Inside, ready: Ready, **more: Any) -> str:
    listen = (("127.0.0.1", 8080, "http"), ("127.0.0.1", 9090, "http"))
    program = Program("blue", image="x", ready=ready, listen=listen, **more)
    return Readiness(inside, REPLICA, program).look()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ready", "inside", "missing"),
    [
        (Ready(), Inside(0), ""),
        (
            Ready(),
            Inside(7),
            "; ".join(f"port {one} of its network does not accept connections" for one in (8080, 9090)),
        ),
        (Ready(port=7000), Inside(124), "port 7000 of its network does not accept connections"),
        (Ready(path="/x"), Inside(0, "HTTP/1.1 204 No Content\r\n"), ""),
        (Ready(path="/x"), Inside(0, "HTTP/1.0 404 Not Found\r\n"), "/x answers 404"),
        (Ready(path="/x"), Inside(0, "SSH-2.0"), "port 8080 gives no HTTP answer at /x"),
        (Ready(command=("a", "b")), Inside(0), ""),
        (Ready(command=("a", "b")), Inside(5, "no table\n"), "a b: status 5 no table"),
        (Ready(log="^open"), Inside(0, log="hello\nopen now\n"), ""),
        (Ready(log="^open"), Inside(0, log="not open\n"), "no line of its log matches '^open'"),
        (Ready(grpc=""), Inside(7), "port 8080 of its network does not accept connections"),
        (Ready(grpc=""), Inside(0, "bm8="), "port 8080: gives no gRPC answer"),
    ],
)
def test_what_is_missing_in_words(ready: Ready, inside: Inside, missing: str) -> None:
    assert look(inside, ready) == missing


def test_a_command_runs_in_the_program_and_ports_are_asked_in_its_network() -> None:
    inside = Inside(0)
    look(inside, Ready(command=("a", "b")))
    look(inside, Ready(), ports={8080: 3000})
    assert inside.asked[0] == ("app-blue.0", ["a", "b"])
    assert [(part, words[-2:]) for part, words in inside.asked[1:]] == [
        ("holder-blue.0", ["3000", ""]),
        ("holder-blue.0", ["9090", ""]),
    ]


@pytest.mark.parametrize(
    ("status", "trailers", "missing"),
    [
        (1, "0", ""),
        (2, "0", f"{health.METHOD} does not say SERVING"),
        (1, "5", f"{health.METHOD} ends with gRPC status 5"),
    ],
)
def test_a_health_check_in_bytes(status: int, trailers: str, missing: str) -> None:
    """What is sent is understood by a server, and what that answers by us."""
    server = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
    server.initiate_connection()
    request = bytes.fromhex(health.asked("gates", 8080).replace("\\x", ""))
    events = server.receive_data(request)
    (head,) = [one for one in events if isinstance(one, RequestReceived)]
    (body,) = [one for one in events if isinstance(one, DataReceived)]
    assert dict(head.headers)[":path"] == health.METHOD
    assert body.data == b"\x00\x00\x00\x00\x07\x0a\x05gates"
    server.send_headers(1, [(":status", "200")])
    server.send_data(1, struct.pack("!BI", 0, 2) + bytes([8, status]))
    server.send_headers(1, [("grpc-status", trailers)], end_stream=True)
    assert health.answered(base64.b64encode(server.data_to_send()).decode()) == missing

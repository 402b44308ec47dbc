"""First lines over TCP, frames over HTTP/2, and which port of a service is called."""

from __future__ import annotations

import asyncio

import pytest
from h2.connection import H2Connection
from h2.events import Event

from chaosmesh.errors import UsageError
from chaosmesh.mesh import Match, Service, ServicePort
from chaosmesh.mesh.model import Protocol
from chaosmesh.services.backends import Backends
from chaosmesh.services.called import called_port, scheme
from chaosmesh.services.http2_link import PREFACE, Link
from chaosmesh.services.tcp import headers_in
from tests.meshes import route


@pytest.mark.parametrize(
    ("line", "headers"),
    [
        (b"\n", {}),
        (b"hello there\r\n", {}),
        (b"leaf=hang\n", {"x-standin": "leaf=hang"}),
        (b"a=status:503;attempts:2, b=close", {"x-standin": "a=status:503;attempts:2, b=close"}),
        (b"leaf=explode\n", {"x-standin": "leaf=explode"}),
        (b'{"x-standin": "a=hang", "x-request-id": "7", "cookie": "c"}\n', {"x-standin": "a=hang", "x-request-id": "7"}),
        (b'{"x-standin": 5}\n', {}),
        (b'{"x-standin": \n', {}),
        (b"x = 1; y = 2\n", {}),
        (b"\xff\xfe\x00\n", {}),
        (b"{" * 9000, {}),
    ],
)  # fmt: skip
def test_first_lines(line: bytes, headers: dict[str, str]) -> None:
    assert headers_in(line) == headers


def frame(kind: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, 0)) + bytes(4) + payload


class Heard(H2Connection):
    """Keeps what it gets."""

    got = b""

    def receive_data(self, data: bytes) -> list[Event]:  # type: ignore[override]
        self.got += data
        return []


class Told(Link):
    """Remembers what it was told."""

    def __init__(self) -> None:
        super().__init__(client=False)
        self.left: list[int] = []
        self.h2 = self.heard = Heard()

    def happened(self, event: Event) -> None:
        raise AssertionError(f"nobody sends {event}")

    def leaving(self, last_stream: int) -> None:
        self.left.append(last_stream)


@pytest.mark.parametrize("size", [1, 2, 7, 24, 25, 1000])
def test_a_goaway_is_told_and_kept_from_the_streams_wherever_it_is_cut(size: int) -> None:
    data = PREFACE + frame(4, b"") + frame(7, b"\0\0\0\5" + bytes(4) + b"why") + frame(6, b"12345678")
    link = Told()
    for at in range(0, len(data), size):
        link.data_received(data[at : at + size])
    assert link.left == [5]
    assert link.heard.got == PREFACE + frame(4, b"") + frame(6, b"12345678")


def made(ports: list[tuple[int, Protocol]], *routes: tuple[Protocol, int | None]) -> Service:
    arms = {"a": 1}
    rules = [route("s", str(n), arms, protocol=p, match=Match(port=at)) for n, (p, at) in enumerate(routes)]
    return Service("s", tuple(ServicePort(*one) for one in ports), tuple(rules))


@pytest.mark.parametrize(
    ("service", "port", "how"),
    [
        (made([(80, "http"), (81, "grpc")], ("http", None)), 80, "http"),
        (made([(80, "http"), (81, "grpc")], ("grpc", 81)), 81, "grpc"),
        (made([(80, "tcp"), (81, "http2")], ("http2", None)), 81, "h2"),
        (made([(80, "tcp")], ("tcp", None)), 80, "tcp"),
        (made([(80, "http2")], ("grpc", None)), 80, "grpc"),
        (made([(80, "http")]), None, ""),
        (made([], ("http", None)), None, ""),
    ],
)
def test_the_first_port_that_a_route_serves_is_called(service: Service, port: int | None, how: str) -> None:
    found = called_port(service)
    assert (found.port if found else None) == port
    assert (scheme(service, found) if found else "") == how


@pytest.mark.parametrize("url", ["https://127.0.0.1:80", "127.0.0.1:80", "h2://127.0.0.1", "grpc://"])
def test_addresses_that_can_not_be_called(url: str) -> None:
    async def make() -> None:
        Backends((("a", url),))

    with pytest.raises(UsageError, match="is no address to call"):
        asyncio.run(make())

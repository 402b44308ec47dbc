"""Toxiproxy in a container, in front of containers and servers of a test's own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HttpWaitStrategy

from chaosmesh.errors import UsageError
from chaosmesh.runtime.docker.engine import connect
from chaosmesh.runtime.docker.images import require
from chaosmesh.runtime.toxiproxy.server import Server
from chaosmesh.runtime.toxiproxy.toxics import Stream, Toxic

CONTROL, FIRST, MOST = 8474, 8666, 32
"""Ports: of its API, of its first proxy; and how many proxies it has room for, as in Testcontainers of other languages."""


class ToxiproxyContainer(DockerContainer):
    """`create_proxy` puts it in front of "host:port", as its own network knows that."""

    def __init__(self, image: str | None = None, **options: Any) -> None:
        super().__init__(image or _ours("toxiproxy"), **options)
        self.with_command(["toxiproxy-server", "-host", "0.0.0.0", "-port", str(CONTROL)])  # noqa: S104 (in its own network)
        self.with_exposed_ports(CONTROL, *range(FIRST, FIRST + MOST))
        self.waiting_for(HttpWaitStrategy(CONTROL, "/version").for_status_code(200))
        self._free = itertools.count(FIRST)

    def get_control_url(self) -> str:
        """Toxiproxy's API."""
        return f"http://{self.get_container_host_ip()}:{self.get_exposed_port(CONTROL)}"

    def create_proxy(self, name: str, upstream: str) -> ToxiProxy:
        """A proxy in front of "host:port". UsageError when there is no room for another."""
        port = next(self._free)
        if port >= FIRST + MOST:
            raise UsageError(f"create_proxy: {MOST} proxies are all that one container has room for")
        server = Server(self.get_container_host_ip(), int(self.get_exposed_port(CONTROL)))
        wanted = {"name": name, "listen": f":{port}", "upstream": upstream, "enabled": True}
        server.api.request("POST", "/proxies", wanted)
        return ToxiProxy(server, name, port, f"{self.get_container_host_ip()}:{self.get_exposed_port(port)}")


class ToxiProxy:
    """One proxy. Its faults are context managers: in force inside the block, off after it."""

    def __init__(self, server: Server, name: str, port: int, address: str) -> None:
        self.name = name
        self.port = port
        self._server = server
        self._address = address
        self._numbers = itertools.count(1)

    def get_address(self) -> str:
        """Where this machine reaches it, as "host:port". In its own network it is the container at `port`."""
        return self._address

    @contextmanager
    def latency(self, ms: int, *, jitter_ms: int = 0, stream: Stream = "downstream") -> Iterator[None]:
        """Everything is held back so long."""
        with self._toxic("latency", {"latency": ms, "jitter": jitter_ms}, stream):
            yield

    @contextmanager
    def bandwidth(self, kb: int, *, stream: Stream = "downstream") -> Iterator[None]:
        """Each connection carries so many kilobytes a second."""
        with self._toxic("bandwidth", {"rate": kb}, stream):
            yield

    @contextmanager
    def timeout(self, ms: int = 0, *, stream: Stream = "downstream") -> Iterator[None]:
        """Nothing comes through; connections end after that time, with 0 when the block ends."""
        with self._toxic("timeout", {"timeout": ms}, stream):
            yield

    @contextmanager
    def reset(self, ms: int = 0) -> Iterator[None]:
        """Connections end with a reset after that time, with 0 at once."""
        with self._toxic("reset_peer", {"timeout": ms}, "downstream"):
            yield

    @contextmanager
    def down(self) -> Iterator[None]:
        """Connections end, and new ones are refused."""
        one = self._server.named(self.name)
        one.disable()
        try:
            yield
        finally:
            one.enable()

    @contextmanager
    def _toxic(self, kind: str, attributes: Mapping[str, int], stream: Stream) -> Iterator[None]:
        toxic = Toxic(kind, stream, attributes, f"{kind}-{next(self._numbers)}")
        one = self._server.named(self.name)
        one.add_toxic(**toxic.to_json())
        try:
            yield
        finally:
            one.destroy_toxic(toxic.name)


def _ours(name: str) -> str:
    """The image of that name. EnvironmentFailedError, with the command that builds it, where it is missing."""
    client = connect()
    try:
        return require(client, [name])[name]
    finally:
        client.close()

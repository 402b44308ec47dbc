"""Small containers for tests: started, asked, and removed with everything they opened."""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from docker import DockerClient

LISTEN = """
import socket, struct, sys, threading

def serve(host, port):
    server = socket.create_server((host, port))
    while True:
        one, _ = server.accept()
        try:
            there = one.getsockopt(socket.SOL_IP, 80, 16)  # SO_ORIGINAL_DST, linux/netfilter_ipv4.h
            meant = (socket.inet_ntoa(there[4:8]), struct.unpack("!H", there[2:4])[0])
        except OSError:  # not even tracked
            meant = one.getsockname()
        to = "direct" if meant == one.getsockname() else "{}:{}".format(*meant)
        one.sendall(f"{port} {to}".encode())
        one.close()

for place in sys.argv[1:]:
    host, _, port = place.rpartition(":")
    threading.Thread(target=serve, args=(host, int(port))).start()
print("listening", flush=True)
"""
ASK = """
import socket, sys
try:
    with socket.create_connection((sys.argv[1], int(sys.argv[2])), 10) as one:
        print(one.recv(100).decode() or "closed")
except OSError as error:
    print(type(error).__name__)
"""
IDLE = "import signal; print('idle', flush=True); signal.sigwait([signal.SIGTERM])"


class Network:
    """A bridge of its own, on which addresses are told apart by their offset."""

    def __init__(self, client: DockerClient) -> None:
        self._client = client
        self._made: list[Any] = []
        self.it = client.networks.create(f"chaosmesh-test-{uuid.uuid4().hex[:8]}", driver="bridge")
        self.it.reload()
        config = self.it.attrs["IPAM"]["Config"][0]
        self.subnet = ipaddress.ip_network(config["Subnet"])
        self.gateway = config["Gateway"]

    def address(self, number: int) -> str:
        """Far from those that Docker gives away."""
        return str(self.subnet[1000 + number])

    def box(self, image: str, command: list[str], says: str, **options: Any) -> Any:
        """A container of this network that runs and has said a line ("": that says nothing)."""
        if "network_mode" not in options:
            options["network"] = self.it.name
        one = self._client.containers.create(image, command, **options)
        self._made.append(one)
        one.start()
        seen = said(one, says) if says else None
        assert seen is None, seen
        one.reload()
        return one

    def python(self, image: str, script: str, *args: str, says: str, **options: Any) -> Any:
        """A container that runs a script in the stand-in's image."""
        return self.box(image, ["-c", script, *args], says, entrypoint=["python3"], **options)

    def close(self) -> None:
        for one in reversed(self._made):
            one.remove(force=True, v=True)
        self.it.remove()


def said(container: Any, line: str) -> str | None:
    """None once a container has said a line; what it said instead if it ended."""
    text = b""
    for part in container.logs(stream=True, follow=True):
        text += part
        if line.encode() in text:
            return None
    return f"{container.wait()['StatusCode']}: {text.decode()}"


def address(container: Any) -> str:
    """Of a container with one network."""
    container.reload()
    (one,) = container.attrs["NetworkSettings"]["Networks"].values()
    return str(one["IPAddress"])


def ask(container: Any, host: str, port: int, user: str = "65534") -> str:
    """What a program in a container is told there, or the name of its error."""
    return run(container, "python3", "-c", ASK, host, str(port), user=user)


def run(container: Any, *argv: str, user: str = "0", **options: Any) -> str:
    """Output of a program in a container, which must end with 0."""
    code, out = container.exec_run(list(argv), user=user, **options)
    assert code == 0, out.decode()
    return str(out.decode().strip())


def once(client: DockerClient, image: str, *argv: str, **options: Any) -> tuple[int, str, str]:
    """Runs a container to its end: (code, stdout, stderr)."""
    one = client.containers.create(image, list(argv), **options)
    try:
        one.start()
        code = one.wait()["StatusCode"]
        return code, one.logs(stderr=False).decode(), one.logs(stdout=False).decode()
    finally:
        one.remove(force=True, v=True)


def environment(values: Mapping[str, object]) -> dict[str, str]:
    """As capture wants it: lists with commas."""
    return {
        name: ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        for name, value in values.items()
    }


@contextmanager
def network(client: DockerClient) -> Iterator[Network]:
    """A network for the time of a test, and of what runs on it."""
    one = Network(client)
    try:
        yield one
    finally:
        one.close()

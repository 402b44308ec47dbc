"""The walkthrough howto-external-traffic: TLS to a modelled host outside passes through the mesh untouched."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from yarl import URL

from chaosmesh.appmesh import load
from chaosmesh.engine.stack import Stack
from chaosmesh.ledger import Call
from chaosmesh.runtime import parts
from chaosmesh.runtime.parts import Part
from tests.certificates import Authority

from .asking import ask, fetch
from .stage import Stage, policy, stage

pytestmark = pytest.mark.e2e

GATEWAY, TELLER = "ColorGateway", "ColorTellerWhite"
HOSTS = {"github.com": (443, "ExternalService"), "go.dev": (444, "ExternalService2")}
"""Host → the port at which the mesh offers it, and the node that models it; outside both listen on 443."""


@pytest.fixture(scope="module")
def demo(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    variables = {"MeshName": "external", "ServicesDomain": "demo.local"}
    mesh = policy(load([corpus / "walkthroughs/howto-external-traffic/mesh/mesh.yaml"], variables=variables))
    with stage(mesh, tmp_path_factory.mktemp("runs"), load=False) as running:
        yield running


@asynccontextmanager
async def outside(stack: Stack, host: str, authority: Authority, folder: Path) -> AsyncIterator[None]:
    """A TLS server in the place of the stand-in that models a host; it says which name it was asked for."""
    (replica,) = stack.topology.replicas_of(HOSTS[host][1])
    own = authority.issue(host)
    (folder / "chain.pem").write_text(own.chain)
    (folder / "key.pem").write_text(own.key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "chain.pem", folder / "key.pem")

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"this is " + host.encode() + b", you said " + await reader.readline())
        await writer.drain()
        writer.close()

    await stack.runtime.crash(replica)
    async with await asyncio.start_server(greet, replica.app, 443, ssl=context):
        for proxy in parts.proxies_to(stack.topology, replica):
            await stack.runtime.toxiproxy.enable(proxy, f"down:{Part('app', replica).name}")
        yield
    await stack.runtime.restart(replica)


async def greeted(stack: Stack, host: str, name: str, authority: Authority) -> str:
    """What the teller's application hears when it opens TLS to a host, believing this authority only."""
    context = ssl.create_default_context(cadata=authority.pem)
    address = stack.topology.egress(TELLER, host).address
    port = HOSTS[host][0]
    reader, writer = await asyncio.open_connection(address, port, ssl=context, server_hostname=name)
    writer.write(b"hello\n")
    answer = await reader.read()
    writer.close()
    return answer.decode()


@pytest.mark.parametrize("host", HOSTS)
def test_the_client_and_the_host_outside_speak_tls_with_each_other(
    demo: Stage, tmp_path: Path, host: str
) -> None:
    """Between them are two sidecars and a proxy, none of which has the host's key."""
    authority, stack = Authority("outside"), demo.stack

    async def body() -> list[Call]:
        before = len(stack.ledger.calls(client=TELLER, service=host))
        async with outside(stack, host, authority, tmp_path):
            assert await greeted(stack, host, host, authority) == f"this is {host}, you said hello\n"
            with pytest.raises(ssl.SSLCertVerificationError):
                await greeted(stack, host, "example.com", authority)

        def seen() -> list[Call]:
            return stack.ledger.calls(client=TELLER, service=host)[before:]

        await stack.bell.until(lambda: "" if len(seen()) == 2 else f"{seen()}", seconds=60, what="rows")
        return seen()

    for one in demo.run(body()):
        assert one.tcp
        assert (one.attempts[0].server, one.status) == (HOSTS[host][1], 200)


def test_users_of_the_gateway_are_answered_and_other_hosts_are_not_reached(demo: Stage) -> None:
    """The teller calls both hosts by itself, which stand-ins answer."""
    told = ask(demo, GATEWAY)
    assert (told.status, told.node) == (200, TELLER)
    assert {one["service"] for one in told.body["calls"]} == set(HOSTS)
    sidecar = demo.stack.topology.replicas_of(TELLER)[0].sidecar
    url = URL(f"http://{sidecar}:15001")
    assert demo.run(fetch(url, "/", {"host": "example.com"})).status == 404

"""Users come in through a gateway, with and without TLS."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from chaosmesh.engine.entrance import entrance
from chaosmesh.engine.stack import Stack
from chaosmesh.mesh import (
    AccessLog,
    ClientTls,
    Identity,
    Listener,
    Match,
    Mesh,
    Pattern,
    Rewrite,
    ServerTls,
    Trust,
)
from tests import meshes
from tests.gateways import entry_route, gateway
from tests.integration.engine.test_apply import running

pytestmark = [pytest.mark.integration]


def policy(*listeners: Listener) -> Mesh:
    """door → shop (→ stock) by prefix, door → admin by host and header."""
    routes = (
        entry_route("shop", "shop.local", Match(prefix="/shop"), Rewrite(prefix="/")),
        entry_route("admin", "admin.local", Match(host="admin.com", headers=(Pattern("k", "exact", "v"),))),
    )
    workloads = [
        gateway(*routes, listeners=listeners),
        meshes.workload("shop", "stock.local"),
        meshes.workload("stock"),
        meshes.workload("admin"),
    ]
    services = [
        meshes.service(f"{one}.local", meshes.route(f"{one}.local", "all", {one: 1}))
        for one in ("shop", "stock", "admin")
    ]
    return meshes.mesh(workloads, services)


async def seen(stack: Stack, edge: tuple[str, str]) -> tuple[set[int], int]:
    """Statuses of 20 requests by the way to an edge, and how many calls the ledger saw on it."""
    way = entrance(stack, edge)
    assert way.workload == "door"
    statuses: set[int] = set()
    sending = await stack.begin(
        "users",
        way.url,
        way.host,
        [way.request],
        100,
        count=20,
        tls=way.tls,
        on_records=lambda records: statuses.update(one.status for one in records),
    )
    await sending.done()
    await stack.settled([sending.stream.id], 60)

    def missing() -> str:  # an inner hop whose rows are all still on their way is missed by nobody
        count = len(stack.ledger.calls(sending.stream.id, *edge))
        return "" if count >= 20 else f"{count} calls"

    await stack.bell.until(missing, seconds=20, what="every request's call on the edge")
    return statuses, len(stack.ledger.calls(sending.stream.id, *edge))


def private_keys(folder: Path) -> list[Path]:
    """Files that hold one."""
    return [one for one in folder.rglob("*") if one.is_file() and b"PRIVATE" in one.read_bytes()]


EDGES = [("door", "shop.local"), ("shop", "stock.local"), ("door", "admin.local")]


def test_users_reach_every_edge_through_the_rules_of_a_gateway(tmp_path: Path) -> None:
    async def main() -> None:
        async with running(policy(Listener(8088, "http")), tmp_path) as stack:
            assert stack.entry_url("door").startswith("http://")
            assert stack.entry_tls("door") is None
            for edge in EDGES:
                assert await seen(stack, edge) == ({200}, 20), edge

    asyncio.run(main())


def test_a_gateway_that_takes_tls_only_and_a_mesh_that_speaks_it(tmp_path: Path) -> None:
    strict = ServerTls("strict", Identity("file", "/keys/own.pem", "/keys/own.key"))
    made = policy(Listener(8443, "http", tls=strict))
    rule = ClientTls(Trust("file", ("/keys/ca.pem",)))
    inside = tuple(
        replace(
            one,
            listeners=one.listeners if one.gateway else (replace(one.listeners[0], tls=strict),),
            client_tls=tuple((backend, rule) for backend in one.backends),
        )
        for one in made.workloads
    )

    async def main() -> None:
        async with running(replace(made, workloads=inside), tmp_path) as stack:
            assert stack.entry_url("door").startswith("https://")
            note = stack.secrets.note(stack.mesh)
            assert note == "certificates: a local authority stands in for /keys/own.pem, /keys/ca.pem"
            for edge in EDGES:
                assert await seen(stack, edge) == ({200}, 20), edge
            ca = stack.ca_file("door")
            assert ca is not None
            assert "PRIVATE" not in ca.read_text()
            context = ssl.create_default_context(cafile=str(ca))
            host, port = stack.entry_url("door").removeprefix("https://").split(":")
            _, writer = await asyncio.open_connection(host, int(port), ssl=context, server_hostname="door")
            writer.close()
            assert not private_keys(tmp_path)

    asyncio.run(main())


def test_access_log_files_stand_in_the_run_folder(tmp_path: Path) -> None:
    made = policy(Listener(8088, "http"))
    logged = tuple(
        replace(one, access_log=AccessLog("/var/log/own.txt")) if one.name == "shop" else one
        for one in made.workloads
    )

    async def main() -> None:
        async with running(replace(made, workloads=logged), tmp_path) as stack:
            await seen(stack, ("door", "shop.local"))
            assert sorted(one.parent.name for one in stack.folder.logs.rglob("own.txt")) == [
                "shop.0",
                "shop.1",
            ]

    asyncio.run(main())

"""A chain of three workloads on real sidecars: front (door) → mid ×2 → leaf ×2, and places that fail."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable

from aiohttp import ClientError, ClientSession, web

from chaosmesh.errors import Where
from chaosmesh.ledger import Addresses, Ledger, parse_stats
from chaosmesh.load import Record, request_id
from chaosmesh.mesh import (
    Breaker,
    Discovery,
    EdgeProxy,
    Egress,
    Listener,
    Match,
    Mesh,
    Replica,
    Retry,
    Route,
    Service,
    ServicePort,
    Target,
    Timeout,
    Topology,
    Workload,
)

from ..live import Live

PORT = 8080
WIDE = Breaker(*(1_000_000,) * 4)
NARROW = Breaker(1, 1, 1, 1)
COPIES = {"front": 1, "mid": 2, "leaf": 2, "tight": 1, "gone": 0, "refusing": 1}
HERE = Where("world.json")
PASSED_ON = ("x-request-id", "x-chaosmesh-lineage")


def _workload(name: str, backends: tuple[str, ...] = (), pool: Breaker | None = None) -> Workload:
    return Workload(name, (Listener(PORT, "http", pool=pool),), backends, Discovery("eds"))


def _service(name: str, retries: int) -> Service:
    retry = Retry(
        retries, None, statuses=(503,), on_reset=True, on_connect_failure=True, avoid_previous_hosts=True
    )
    everything = Match(prefix="/only" if name == "mid" else "/")
    route = Route(f"route/{name}", name, "http", everything, (Target(name, 1),), retry, Timeout(10), HERE)
    return Service(f"{name}.local", (ServicePort(PORT, "http"),), (route,))


def mesh(breaker: Breaker = WIDE) -> Mesh:
    """`tight` takes one request at a time, `gone` has no replica, behind `refusing` nobody listens."""
    called = ("mid", "leaf", "tight", "gone", "refusing")
    return Mesh(
        "world",
        (
            _workload("front", tuple(f"{one}.local" for one in ("mid", "tight", "gone", "refusing")), WIDE),
            _workload("mid", ("leaf.local",)),
            _workload("leaf"),
            _workload("tight", pool=NARROW),
            _workload("gone"),
            _workload("refusing"),
        ),
        tuple(_service(one, 2) for one in called),
        breaker=breaker,
    )


def topology(subnet: str) -> Topology:
    """No Toxiproxy: the "proxies" are the servers' sidecars, except for the address that refuses."""
    replicas = tuple(
        Replica(
            node,
            i,
            f"{subnet}.16.{n * 8 + i}",
            f"{subnet}.32.{n * 8 + i}",
            f"{subnet}.48.1" if not n else None,
        )
        for n, (node, count) in enumerate(COPIES.items())
        for i in range(count)
    )
    pairs = [("front", "mid"), ("mid", "leaf"), ("front", "tight"), ("front", "refusing")]
    proxies = tuple(
        EdgeProxy(
            client, one.node, one.index, f"{subnet}.64.1" if one.node == "refusing" else one.sidecar, (PORT,)
        )
        for client, server in pairs
        for one in replicas
        if one.node == server
    )
    egresses = tuple(
        Egress(one.node, one.index, f"{service}.local", f"{subnet}.160.{n * 8 + one.index}", (PORT,))
        for n, (client, service) in enumerate([*pairs, ("front", "gone")], 1)
        for one in replicas
        if one.node == client
    )
    return Topology("world", replicas, proxies, egresses, ("front",))


class Apps:
    """The applications: front calls what the path's first part names, mid calls leaf."""

    def __init__(self) -> None:
        self.live: Live | None = None
        self.seen: dict[str, int] = {}

    async def __call__(self, replica: Replica, request: web.Request) -> web.Response:
        self.seen[replica.node] = self.seen.get(replica.node, 0) + 1
        if replica.node == "tight":
            await asyncio.sleep(0.05)
        service = {"front": request.path.split("/")[2] if request.path.count("/") > 1 else "", "mid": "leaf"}
        if not (backend := service.get(replica.node)) or self.live is None:
            return web.Response(text=replica.key)
        egress = self.live.topology.egress(replica.node, f"{backend}.local", replica.index)
        headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
        url = f"http://{egress.address}:{PORT}{request.path}"
        async with self.live.http.get(url, headers=headers) as answer:
            return web.Response(status=answer.status)


async def drive(live: Live, stream: int, path: str, count: int, at_once: int = 8) -> list[Record]:
    """Sends `count` requests to the door, `at_once` at a time."""
    door = f"http://{live.topology.replicas[0].door}:{PORT}{path}"
    free = asyncio.Semaphore(at_once)
    async with ClientSession() as session:

        async def one(seq: int) -> Record:
            async with free:
                sent = time.time_ns()
                headers = {"x-request-id": request_id(stream, seq)}
                try:
                    async with session.get(door, headers=headers) as answer:
                        size = len(await answer.read())
                        return Record(seq, 0, sent, sent, time.time_ns(), answer.status, size)
                except ClientError as error:
                    return Record(seq, 0, sent, sent, time.time_ns(), 0, 0, str(error))

        return await asyncio.gather(*map(one, range(count)))


async def counters(live: Live, keys: Iterable[str]) -> dict[str, dict[str, dict[str, int]]]:
    """Envoy's own counters of some sidecars."""
    found = {}
    for one in live.topology.replicas:
        if one.key in keys:
            async with live.http.get(f"http://{one.sidecar}:9901/stats?format=json") as answer:
                found[one.key] = parse_stats(await answer.json(content_type=None))
    return found


async def settled(live: Live, ledger: Ledger, stream: int) -> None:
    """Waits until every row of a stream is in and rows equal counters."""
    keys = set(live.processes)

    async def whole() -> bool:
        ledger.add_rows(live.rows[len(ledger.rows) :])
        return ledger.complete(stream).ok and ledger.conservation(await counters(live, keys)).ok

    try:
        async with asyncio.timeout(30):
            while not await whole():
                live.moved.clear()
                if len(ledger.rows) == len(live.rows):
                    with contextlib.suppress(TimeoutError):  # nobody tells that a counter has changed
                        await asyncio.wait_for(live.moved.wait(), 0.1)
    except TimeoutError:
        held = ledger.conservation(await counters(live, keys))
        raise AssertionError((held.differences, ledger.complete(stream).missing[:5])) from None


def book(live: Live) -> Ledger:
    """An empty ledger that knows the addresses of the run."""
    return Ledger(Addresses.of(live.topology))

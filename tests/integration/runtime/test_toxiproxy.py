"""The client against real Toxiproxy servers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from chaosmesh.errors import EnvironmentFailedError, UsageError
from chaosmesh.runtime import Keeper, new_run, probe
from chaosmesh.runtime.toxiproxy import VERSION, ProxySpec, Toxic, ToxiproxyClient
from chaosmesh.services.config import StandIn
from tests.integration.patience import PATIENCE

pytestmark = pytest.mark.integration
NAME = "front>a.0:8080"


class Bench:
    """A keeper, a stand-in at `upstream` and as many Toxiproxy servers as a test asks for."""

    def __init__(self, keeper: Keeper, subnet: str, server: str) -> None:
        self.keeper = keeper
        self.subnet = subnet
        self._server = server
        self.listen = f"{subnet}.64.1:8080"
        self.upstream = f"{subnet}.32.1:8080"

    async def client(self, number: int = 1) -> ToxiproxyClient:
        host = f"{self.subnet}.0.{number}"
        await self.keeper.spawn(f"toxiproxy-{number}", [self._server, "-host", host, "-port", "8474"])
        await probe.until("api", lambda: probe.answers(host, 8474, "/version", status=200), within=30)
        return ToxiproxyClient(host, 8474)

    def spec(self) -> ProxySpec:
        return ProxySpec(NAME, self.listen, self.upstream)

    async def look(self) -> str:
        """ "" when the stand-in answers through the proxy."""
        return await probe.answers(f"{self.subnet}.64.1", 8080, "/", status=200)


@pytest.fixture
def on_bench(
    tmp_path: Path, subnet: str, toxiproxy: str
) -> Callable[[Callable[[Bench, ToxiproxyClient], Awaitable[None]]], None]:
    def run(use: Callable[[Bench, ToxiproxyClient], Awaitable[None]]) -> None:
        async def main() -> None:
            keeper = await Keeper.start(new_run(), tmp_path)
            try:
                await keeper.fork_standin("a", StandIn("a", listen=((f"{subnet}.32.1", 8080, "http"),)))
                await probe.until("a", lambda: probe.accepts(f"{subnet}.32.1", 8080), within=30)
                bench = Bench(keeper, subnet, toxiproxy)
                client = await bench.client()
                try:
                    await client.populate([bench.spec()])
                    await use(bench, client)
                finally:
                    await client.close()
            finally:
                await keeper.close()

        asyncio.run(main())

    return run


def test_populate_makes_the_proxy_that_was_asked_for(on_bench) -> None:
    async def use(bench: Bench, client: ToxiproxyClient) -> None:
        assert await client.version() == VERSION
        state = (await client.state())[NAME]
        assert (state.listen, state.upstream, state.enabled, state.toxics) == (
            bench.listen,
            bench.upstream,
            True,
            (),
        )
        assert await bench.look() == ""
        await client.populate([bench.spec()])
        await client.populate([])
        assert await bench.look() == ""

    on_bench(use)


def test_an_address_that_is_taken_is_an_error_with_toxiproxys_text(on_bench) -> None:
    async def use(bench: Bench, client: ToxiproxyClient) -> None:
        with pytest.raises(EnvironmentFailedError, match="address already in use"):
            await client.populate([ProxySpec("other", bench.upstream, bench.listen)])

    on_bench(use)


def test_a_toxic_is_in_force_can_be_changed_and_healed(on_bench) -> None:
    async def use(bench: Bench, client: ToxiproxyClient) -> None:
        toxic = await client.toxic(NAME, "latency", "downstream", {"latency": 200, "jitter": 0}, "slow")
        assert (await client.state())[NAME].toxics == (toxic,)
        assert await _seconds(bench) >= 0.2
        await client.change(NAME, Toxic("latency", "downstream", {"latency": 400, "jitter": 0}, "slow"))
        assert await _seconds(bench) >= 0.4
        await client.heal(NAME, "slow")
        await client.heal(NAME, "slow")
        assert (await client.state())[NAME].toxics == ()
        assert await bench.look() == ""

    on_bench(use)


def test_nonsense_and_unknown_proxies_are_refused(on_bench) -> None:
    async def use(_bench: Bench, client: ToxiproxyClient) -> None:
        with pytest.raises(UsageError, match="toxicity is 7"):
            await client.toxic(NAME, "latency", "downstream", {"latency": 1}, "slow", toxicity=7)
        with pytest.raises(EnvironmentFailedError, match=r"404 .*proxy not found"):
            await client.toxic("nobody", "latency", "downstream", {"latency": 1}, "slow")
        assert (await client.state())[NAME].toxics == ()

    on_bench(use)


def test_an_answer_that_is_not_what_was_asked_is_an_error(on_bench) -> None:
    async def use(bench: Bench, client: ToxiproxyClient) -> None:
        # an address in another spelling is the same to Toxiproxy, but not what was asked
        odd = ProxySpec("odd", f"{bench.subnet}.64.2:0", bench.upstream)
        with pytest.raises(
            EnvironmentFailedError, match=r"proxy odd: asked for listen '.*:0', Toxiproxy made it"
        ):
            await client.populate([odd])

    on_bench(use)


def test_a_disabled_proxy_refuses_until_every_reason_is_gone(on_bench) -> None:
    async def use(bench: Bench, client: ToxiproxyClient) -> None:
        await client.disable(NAME)
        await client.disable(NAME, "down:a")
        assert "refused" in await bench.look() or "Connect call failed" in await bench.look()
        assert not await client.enable(NAME)
        await client.cut(NAME)
        assert not (await client.state())[NAME].enabled
        assert await client.enable(NAME, "down:a")
        assert await bench.look() == ""

    on_bench(use)


def test_cut_ends_open_connections_and_new_ones_work(on_bench) -> None:
    async def use(bench: Bench, client: ToxiproxyClient) -> None:
        reader, writer = await asyncio.open_connection(f"{bench.subnet}.64.1", 8080)
        writer.write(b"GET /ping HTTP/1.1\r\nhost: a\r\n\r\n")
        assert (await reader.readuntil(b"pong")).startswith(b"HTTP/1.1 200")
        await client.cut(NAME)
        assert await asyncio.wait_for(_end(reader), 30) == b""
        writer.close()
        assert await bench.look() == ""

    on_bench(use)


def test_two_servers_do_not_get_in_each_others_way(on_bench) -> None:
    async def use(bench: Bench, client: ToxiproxyClient) -> None:
        second = await bench.client(2)
        assert await second.state() == {}
        await second.populate([ProxySpec("b", f"{bench.subnet}.64.2:8080", bench.upstream)])
        assert list(await client.state()) == [NAME]
        assert list(await second.state()) == ["b"]
        await second.close()

    on_bench(use)


@pytest.mark.parametrize("kind", ["toxic", "disabled"])
def test_a_lease_heals_with_its_owner_alive(on_bench, kind: str) -> None:
    async def use(bench: Bench, client: ToxiproxyClient) -> None:
        healed: asyncio.Queue[tuple[str, object]] = asyncio.Queue()
        bench.keeper.on_healed = lambda *one: healed.put_nowait(one)
        heal = client.heal_toxic(NAME, "slow") if kind == "toxic" else client.heal_switch(NAME)
        await bench.keeper.lease("l", [heal], 1000)
        if kind == "toxic":
            await client.toxic(NAME, "timeout", "upstream", {"timeout": 0}, "slow")
        else:
            await client.disable(NAME)
        await bench.keeper.lease("l", [heal], 0.3)
        assert await asyncio.wait_for(healed.get(), 30) == ("l", [])
        state = (await client.state())[NAME]
        assert (state.enabled, state.toxics) == (True, ())
        assert await bench.look() == ""

    on_bench(use)


def test_a_heal_that_fails_says_why(on_bench) -> None:
    async def use(bench: Bench, client: ToxiproxyClient) -> None:
        healed: asyncio.Queue[tuple[str, list[str]]] = asyncio.Queue()
        bench.keeper.on_healed = lambda lease, problems: healed.put_nowait((lease, list(problems)))
        await bench.keeper.stop("toxiproxy-1")
        await bench.keeper.lease("l", [client.heal_toxic(NAME, "slow")], 0.0)
        lease, problems = await asyncio.wait_for(healed.get(), 30)
        assert lease == "l"
        assert "refused" in problems[0]
        with pytest.raises(EnvironmentFailedError, match="does not answer GET /proxies"):
            await client.state()

    on_bench(use)


async def _seconds(bench: Bench) -> float:
    start = time.monotonic()
    await probe.request("GET", f"{bench.subnet}.64.1", 8080, "/", within=PATIENCE)
    return time.monotonic() - start


async def _end(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""

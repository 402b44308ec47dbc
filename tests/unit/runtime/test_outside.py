"""What is outside a mesh: places, names, environments, and pods that know of it."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address, ip_network

import pytest

from chaosmesh.errors import UsageError
from chaosmesh.runtime.docker.outside import box, knowing, opened
from chaosmesh.runtime.docker.specs import Spec
from chaosmesh.runtime.layout import served
from chaosmesh.runtime.outside import Outside, environment, placed
from chaosmesh.runtime.parts import Part
from chaosmesh.runtime.relay import Relay


def outside(name: str = "orders-db", **more) -> Outside:
    return Outside(name, more.pop("port", 5432), "", "", **more)


FOUND = placed([outside(host="localhost"), outside("cache", port=6379, image="redis")], "10.200")


def test_each_has_a_door_and_a_home_of_its_own() -> None:
    assert [(one.door, one.home) for one in FOUND] == [
        ("10.200.1.1", "10.200.2.1"),
        ("10.200.1.2", "10.200.2.2"),
    ]
    proxy = FOUND[0].behind("127.0.0.1:5432")
    assert (proxy.name, proxy.listen, proxy.upstream) == (
        "external>orders-db",
        "10.200.1.1:5432",
        "127.0.0.1:5432",
    )
    with pytest.raises(UsageError, match="300 are too many"):
        placed([outside(f"db{number}") for number in range(300)], "10.200")


@pytest.mark.parametrize(
    ("more", "here", "foreign"),
    [
        ({"host": "localhost"}, True, False),
        ({"host": "127.0.0.7"}, True, False),
        ({"host": "::1"}, True, False),
        ({"host": "db.example.com"}, False, True),
        ({"host": "10.0.0.7"}, False, True),
        ({"image": "redis"}, False, False),
    ],
)
def test_what_is_not_this_machine_is_foreign(more, here, foreign) -> None:
    assert (outside(**more).here, outside(**more).foreign) == (here, foreign)


def test_programs_are_told_where_it_is() -> None:
    assert environment(FOUND, named=True) == {
        "ORDERS_DB_HOST": "orders-db",
        "ORDERS_DB_PORT": "5432",
        "CACHE_HOST": "cache",
        "CACHE_PORT": "6379",
    }
    assert environment(FOUND, named=False)["CACHE_HOST"] == "10.200.1.2"


def test_a_pod_knows_the_names_and_goes_past_its_sidecar() -> None:
    pod = Spec(Part("holder"), "i", hosts={"color": "10.200.160.1"}, env={"CAPTURE_PORTS": "8080"})
    known = knowing(pod, FOUND)
    assert known.hosts == {"color": "10.200.160.1", "orders-db": "10.200.1.1", "cache": "10.200.1.2"}
    ignored = known.env["APPMESH_EGRESS_IGNORED_IP"]
    assert ignored == "169.254.169.254,169.254.170.2,10.200.1.1,10.200.1.2"
    own = knowing(Spec(Part("holder"), "i", env={"APPMESH_EGRESS_IGNORED_IP": "10.0.0.1"}), FOUND)
    assert own.env["APPMESH_EGRESS_IGNORED_IP"] == "10.0.0.1,10.200.1.1,10.200.1.2"
    assert knowing(pod, ()) is pod


def test_toxiproxy_listens_at_their_doors() -> None:
    holder = Spec(Part("holder"), "i", env={"CAPTURE_LOCAL": "10.200.64.0/18"})
    assert opened(holder, FOUND, "10.200").env["CAPTURE_LOCAL"] == "10.200.64.0/18,10.200.1.0/24"
    assert opened(holder, (), "10.200") is holder


def test_load_goes_nowhere_near() -> None:
    allowed = [ip_network(one) for one in served("10.200")]
    places = [*(one.door for one in FOUND), *(one.home for one in FOUND), "10.200.0.1"]
    assert not [one for one in places if any(ip_address(one) in network for network in allowed)]
    own = [f"10.200.{third}.1" for third in (16, 31, 32, 48, 63, 64, 159, 160, 255)]
    assert all(any(ip_address(one) in network for network in allowed) for one in own)


def test_a_container_of_it_has_a_name_and_its_home() -> None:
    made = box(FOUND[1], "redis:7")
    assert (made.part.name, made.address, made.foreign) == ("external-cache", "10.200.2.2", True)


def test_a_relay_passes_on_what_comes_both_ways_and_ends_with_either_side() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.read(100)).upper())
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        relay = await Relay.start("127.0.0.1", *server.sockets[0].getsockname())
        reader, writer = await asyncio.open_connection(*relay.place.split(":"))
        writer.write(b"hello")
        assert await asyncio.wait_for(reader.read(), 5) == b"HELLO"
        writer.close()
        server.close()
        reader, writer = await asyncio.open_connection(*relay.place.split(":"))
        assert await asyncio.wait_for(reader.read(), 5) == b"", "a server that is gone is an end, too"
        writer.close()
        relay.close()

    asyncio.run(main())

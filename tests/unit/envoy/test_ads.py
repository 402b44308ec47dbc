"""The control plane over a real socket, with sidecars that only speak xDS."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from chaosmesh.envoy import ControlPlane, Snapshot
from chaosmesh.errors import DeadlineError, RejectedError, Where
from tests.unit.envoy.fake import FakeSidecar

NAME = "lds_ingress_x"


def snapshot(version="1", clusters=("c",), rule="virtualRouter/r/route/x", health=False):
    """One route configuration of one rule; the fake sidecar asks for routes by the names of its listeners."""
    checks = {"health_checks": [{"timeout": "1s", "interval": "5s"}]} if health else {}
    mark = {"hash": version, "rule": rule}
    route = {
        "match": {"prefix": "/"},
        "direct_response": {"status": 200, "body": {"inline_string": version}},
        "metadata": {"filter_metadata": {"chaosmesh": mark}},
    }
    return Snapshot(
        clusters={name: {"name": name, "type": "EDS", **checks} for name in clusters},
        endpoints={name: {"cluster_name": name} for name in clusters},
        listeners={NAME: {"name": NAME}},
        routes={NAME: {"name": NAME, "virtual_hosts": [{"name": "v", "domains": ["*"], "routes": [route]}]}},
    )


@asynccontextmanager
async def plane_with(*keys):
    folder = Path(tempfile.mkdtemp(prefix="cm", dir="/tmp"))
    plane = ControlPlane()
    await plane.start(folder / "s")
    fakes = {key: FakeSidecar(folder / "s", key, plane.admit(key)) for key in keys}
    try:
        yield plane, fakes, folder / "s"
    finally:
        for one in fakes.values():
            await one.close()
        await plane.stop()
        shutil.rmtree(folder)


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 60))


def test_a_push_returns_when_every_sidecar_holds_it():
    async def body():
        async with plane_with("a.0", "b.0") as (plane, fakes, _):
            done = await plane.push({"a.0": snapshot(), "b.0": snapshot("2")})
            assert done.changed == ("a.0", "b.0")
            assert all(set(one.holds["routes"]) == {NAME} for one in fakes.values())

    run(body())


def test_nothing_is_sent_that_did_not_change():
    async def body():
        async with plane_with("a.0", "b.0") as (plane, fakes, _):
            await plane.push({"a.0": snapshot(), "b.0": snapshot()})
            before = {key: list(one.received) for key, one in fakes.items()}
            assert (await plane.push({"a.0": snapshot(), "b.0": snapshot()})).changed == ()
            assert (await plane.push({"a.0": snapshot("2"), "b.0": snapshot()})).changed == ("a.0",)
            assert fakes["a.0"].received == [*before["a.0"], ("routes", [NAME])]
            assert fakes["b.0"].received == before["b.0"]

    run(body())


def test_a_rejection_names_sidecar_rule_and_place_and_the_next_push_works():
    async def body():
        async with plane_with("a.0", "b.0") as (plane, fakes, _):
            await plane.push({"a.0": snapshot(), "b.0": snapshot()})
            good = dict(fakes["b.0"].holds["routes"])
            fakes["a.0"].refuse = lambda kind, names: "missing )" if kind == "routes" else ""
            where = {"virtualRouter/r/route/x": Where("r.json", 4, 2)}
            with pytest.raises(RejectedError) as caught:
                await plane.push({"a.0": snapshot("2"), "b.0": snapshot("2")}, places=where, timeout=5)
            for part in ("r.json:4:2", "a.0", "missing )", "virtualRouter/r/route/x"):
                assert part in str(caught.value)
            assert fakes["b.0"].holds["routes"] == good
            fakes["a.0"].refuse = lambda kind, names: ""
            assert (await plane.push({"a.0": snapshot("3"), "b.0": snapshot("3")})).changed == ("a.0", "b.0")

    run(body())


def test_a_sidecar_that_never_came_is_named_with_what_was_last_seen():
    async def body():
        async with plane_with("a.0") as (plane, _, _socket):
            with pytest.raises(DeadlineError, match=r"1 of 2 sidecars .*b\.0: never connected"):
                await plane.push({"a.0": snapshot(), "b.0": snapshot()}, timeout=1)

    run(body())


def test_a_sidecar_that_left_is_named_and_one_known_to_be_absent_is_not_waited_for():
    async def body():
        async with plane_with("a.0", "b.0") as (plane, fakes, socket):
            await plane.push({"a.0": snapshot(), "b.0": snapshot()})
            await fakes["b.0"].close()
            with pytest.raises(DeadlineError, match=r"b\.0: its stream ended at"):
                await plane.push({"b.0": snapshot("2")}, timeout=1)
            await plane.push({"a.0": snapshot("3"), "b.0": snapshot("3")}, absent=["b.0"])
            fakes["b.0"] = FakeSidecar(socket, "b.0", plane.admit("b.0"))
            await plane.push({"b.0": snapshot("4")})
            assert b"4" in fakes["b.0"].holds["routes"][NAME]

    run(body())


def test_a_sidecar_that_comes_back_gets_everything_again():
    async def body():
        async with plane_with("a.0") as (plane, fakes, socket):
            await plane.push({"a.0": snapshot()})
            await fakes["a.0"].close()
            fakes["a.0"] = FakeSidecar(socket, "a.0", plane.admit("a.0"))
            await plane.push({"a.0": snapshot("2")})
            assert {kind for kind, _ in fakes["a.0"].received} == {
                "clusters",
                "endpoints",
                "listeners",
                "routes",
            }

    run(body())


def test_pushes_that_wait_are_done_as_one_and_the_last_wins():
    async def body():
        async with plane_with("a.0") as (plane, fakes, _):
            await plane.push({"a.0": snapshot()})
            fakes["a.0"].pause.clear()
            tasks = [asyncio.create_task(plane.push({"a.0": snapshot(str(n))})) for n in range(10, 20)]
            await asyncio.sleep(0)
            fakes["a.0"].pause.set()
            done = await asyncio.gather(*tasks)
            routes = [one for one in fakes["a.0"].received if one[0] == "routes"]
            assert len(routes) <= 3
            assert b"19" in fakes["a.0"].holds["routes"][NAME]
            assert len({one.version for one in done}) <= 2

    run(body())


def test_a_changed_cluster_brings_its_endpoints_and_a_removed_one_goes_last():
    async def body():
        async with plane_with("a.0") as (plane, fakes, _):
            await plane.push({"a.0": snapshot(clusters=("c", "old"))})
            fake = fakes["a.0"]
            fake.received.clear()
            await plane.push({"a.0": snapshot("2", clusters=("c", "new"))})
            kinds = [kind for kind, _ in fake.received]
            first = fake.received[0]
            assert first == ("clusters", ["c", "new", "old"])
            assert kinds.index("routes") < max(i for i, kind in enumerate(kinds) if kind == "clusters")
            assert set(fake.holds["clusters"]) == {"c", "new"}

    run(body())


def test_clusters_with_a_health_check_come_after_everything_that_answers_them():
    async def body():
        async with plane_with("a.0", "b.0") as (plane, fakes, _):
            log = []
            for key, one in fakes.items():
                one.refuse = lambda kind, names, key=key: log.append((key, kind, names))
            await plane.push({"a.0": snapshot(health=True), "b.0": snapshot()})
            assert log.index(("b.0", "listeners", [NAME])) < log.index(("a.0", "clusters", ["c"]))
            assert log.index(("a.0", "listeners", [NAME])) < log.index(("a.0", "clusters", ["c"]))

    run(body())

"""Meshes in containers: what an unlike mesh changes of one that runs, and that two of them never meet."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from docker import DockerClient

from chaosmesh.documents.scenario import load_scenario
from chaosmesh.engine.copies import Copies
from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.stack import Stack
from chaosmesh.errors import ChaosMeshError
from chaosmesh.mesh import Mesh, Retry
from chaosmesh.runtime import probe
from chaosmesh.runtime.parts import Part
from tests.meshes import mesh, route, service, workload

from .pods import PART, Pods, labelled, pods

pytestmark = pytest.mark.integration

COLOR, TINT = "color.paint.local", "tint.paint.local"
RETRY = Retry(2, None, statuses=(503,), on_reset=True, on_connect_failure=True, avoid_previous_hosts=True)


def paint(*backends: str, arms: dict[str, int] | None = None) -> Mesh:
    """`front` calls `color` (blue); `tint` (red) is there where it is called."""
    arms = arms or {"blue": 1}
    services = [
        service(COLOR, route(COLOR, "all", arms, retry=RETRY)),
        service(TINT, route(TINT, "all", {"red": 1}, retry=RETRY)),
    ]
    nodes = dict.fromkeys([*arms, *(["red"] if TINT in backends else [])])
    return mesh(
        [workload("front", *backends), *map(workload, nodes)],
        [one for one in services if one.name in (COLOR, *backends)],
    )


@pytest.fixture(scope="module")
def live(
    docker_engine: DockerClient, docker_images: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pods]:
    with pods(paint(COLOR), tmp_path_factory.mktemp("runtime"), docker_engine) as one:
        yield one


@pytest.fixture
def paints(live: Pods) -> Iterator[Pods]:
    """The mesh, brought back to what it was."""
    before = parts(live)
    yield live
    if live.stack.copies != Copies():
        live.run(live.stack.reshape(Copies({"blue": 2})))
    live.run(live.stack.apply(paint(COLOR)))
    assert nodes_of(parts(live)) == nodes_of(before)


def parts(live: Pods) -> set[str]:
    """Names of the parts whose containers run."""
    found = live.engine.containers.list(filters={"label": f"chaosmesh={live.stack.run}"})
    return {one.labels[PART] for one in found}


def nodes_of(names: set[str]) -> set[str]:
    """Without the address that an application has in its name when it was started anew."""
    return {re.sub(r"(\.\d+)-[\d.]+$", r"\1", name) for name in names}


def told(live: Pods, url: str) -> dict[str, object]:
    status, body = live.ask("front", url)
    assert status == 200, body
    found: dict[str, object] = json.loads(body)
    return found


def hosts(live: Pods, node: str) -> dict[str, str]:
    text = live.container(node).exec_run(["cat", "/etc/hosts"]).output.decode()
    pairs = [line.split() for line in text.splitlines() if line and not line.startswith(("127.", "::"))]
    return {name: address for address, name in pairs}


def test_every_part_is_a_container_that_says_which(live: Pods) -> None:
    pods_of = {
        f"{role}-{key}" for key in ("front.0", "blue.0", "blue.1") for role in ("holder", "sidecar", "app")
    }
    assert parts(live) == {"holder", "toxiproxy", *pods_of}
    assert f"chaosmesh-{live.stack.run}" in labelled(live.engine, live.stack.run)


def test_a_backend_comes_with_its_name_and_goes_with_it(paints: Pods) -> None:
    """Everything about it: containers, names, addresses, proxies, rules of the firewall."""
    assert paints.ask("front", f"http://{TINT}:8080/")[0] == 0
    paints.run(paints.stack.apply(paint(COLOR, TINT)))
    assert told(paints, f"http://{TINT}:8080/")["node"] == "red"
    assert told(paints, f"http://{COLOR}:8080/")["node"] == "blue"
    egress = paints.stack.topology.egress("front", TINT)
    assert hosts(paints, "front")[TINT] == egress.address
    # the stand-in calls it too, because it is a backend now
    front = paints.replica("front")
    _, body = paints.get(front.sidecar, 8080)
    assert {one["answer"]["node"] for one in json.loads(body)["calls"]} == {"blue", "red"}
    red = paints.replica("red").sidecar

    paints.run(paints.stack.apply(paint(COLOR)))
    assert paints.ask("front", f"http://{TINT}:8080/")[0] == 0
    assert TINT not in hosts(paints, "front")
    assert not [name for name in parts(paints) if "red" in name]
    rules = paints.container("front", "holder").exec_run(["iptables", "-t", "nat", "-S"], user="0")
    assert egress.address not in rules.output.decode()
    assert paints.stack.topology.egress("front", COLOR).address in rules.output.decode()
    assert not [name for name in paints.run(paints.stack.runtime.toxiproxy.state()) if "red" in name]
    assert red not in {one.sidecar for one in paints.stack.topology.replicas}
    with pytest.raises(OSError):
        paints.get(red, 8080)


def test_a_weight_moves_without_any_container(paints: Pods) -> None:
    paints.run(paints.stack.apply(paint(COLOR, arms={"blue": 1, "green": 0})))
    before = parts(paints)
    assert told(paints, f"http://{COLOR}:8080/")["node"] == "blue"
    paints.run(paints.stack.apply(paint(COLOR, arms={"blue": 0, "green": 1})))
    assert told(paints, f"http://{COLOR}:8080/")["node"] == "green"
    assert parts(paints) == before


def test_a_replica_more_and_one_less(paints: Pods) -> None:
    stack = paints.stack
    paints.run(stack.reshape(Copies({"blue": 3})))
    assert {f"{role}-blue.2" for role in ("holder", "sidecar", "app")} <= parts(paints)
    seen = {told(paints, f"http://{COLOR}:8080/")["replica"] for _ in range(9)}
    assert seen == {0, 1, 2}
    paints.run(stack.reshape(Copies({"blue": 2})))
    assert not [name for name in parts(paints) if "blue.2" in name]
    assert {told(paints, f"http://{COLOR}:8080/")["replica"] for _ in range(9)} == {0, 1}


def test_what_can_not_be_put_in_force_leaves_nothing(paints: Pods, monkeypatch: pytest.MonkeyPatch) -> None:
    before, names = parts(paints), hosts(paints, "front")

    async def broken(*_: object) -> None:
        raise ChaosMeshError("no")

    with monkeypatch.context() as patch:
        patch.setattr(paints.stack.site, "inherit", broken)
        with pytest.raises(ChaosMeshError, match="no"):
            paints.run(paints.stack.apply(paint(COLOR, TINT)))
    assert parts(paints) == before
    assert told(paints, f"http://{COLOR}:8080/")["node"] == "blue"
    assert paints.ask("front", f"http://{TINT}:8080/")[0] == 0
    assert hosts(paints, "front") == names


def test_two_meshes_at_once_never_meet(
    docker_images: dict[str, str], docker_engine: DockerClient, tmp_path: Path
) -> None:
    async def both() -> None:
        stacks = [
            Stack(
                replace(paint(COLOR), name=name),
                load_scenario(None),
                RunFolder.create(tmp_path, name),
                load=False,
                kind="docker",
            )
            for name in ("one", "other")
        ]
        try:
            await asyncio.gather(*(one.__aenter__() for one in stacks))
            assert len({one.topology.subnet for one in stacks}) == 2
            counts = [len(labelled(docker_engine, one.run)) for one in stacks]
            await stacks[0].__aexit__()
            assert labelled(docker_engine, stacks[0].run) == []
            assert len(labelled(docker_engine, stacks[1].run)) == counts[1] == counts[0]
            assert await stacks[1].runtime.unwell() == []
        finally:
            await asyncio.gather(*(one.__aexit__() for one in stacks))
        assert [labelled(docker_engine, one.run) for one in stacks] == [[], []]

    asyncio.run(asyncio.wait_for(both(), 200))


def test_a_part_that_ends_by_itself_is_heard_of(paints: Pods) -> None:
    """Nobody of ours ended it: `docker kill` did."""
    blue = paints.replica("blue", 1)
    paints.container("blue", index=1).kill()

    async def look() -> str:
        unwell = await paints.stack.runtime.unwell()
        return "" if unwell == [f"{Part('app', blue).name} ended"] else str(unwell)

    paints.run(probe.until("it is heard of", look, within=20))
    assert {told(paints, f"http://{COLOR}:8080/")["replica"] for _ in range(4)} == {0}
    paints.run(paints.stack.runtime.restart(blue))
    assert {told(paints, f"http://{COLOR}:8080/")["replica"] for _ in range(9)} == {0, 1}

"""The service: in force before the answer, taken back on failure, one change at a time, reads that never wait."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from chaosmesh.appmesh.api import Service, Store
from chaosmesh.appmesh.api.service import Reply
from chaosmesh.appmesh.resources import Resource, Resources
from chaosmesh.appmesh.spec import VirtualNodeSpec
from chaosmesh.errors import (
    ChaosMeshError,
    DeadlineError,
    DocumentError,
    LimitExceededError,
    Problem,
    RejectedError,
    UsageError,
    Where,
)
from tests.unit.appmesh.api.asking import NODE

MESHES = "/v20190125/meshes"
NODES = f"{MESHES}/m/virtualNodes"


class Fake:
    """A publisher that keeps what it got; `fails` decides by what is new whether it raises."""

    def __init__(self, fails: Callable[[Resources], Exception | None] = lambda _: None) -> None:
        self.seen: list[Resources] = []
        self.gate: asyncio.Event | None = None
        self.entered = asyncio.Event()
        self._fails = fails

    async def publish(self, resources: Resources) -> None:
        self.seen.append(resources)
        self.entered.set()
        if self.gate:
            await self.gate.wait()
        error = self._fails(resources)
        if error:
            raise error


def run(main: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(main, 30))


async def put(service: Service, target: str, body: Any) -> Reply:
    return await service.reply("PUT", target, json.dumps(body).encode())


async def create(service: Service, *nodes: str) -> Reply:
    reply = await put(service, MESHES, {"meshName": "m"})
    for one in nodes:
        reply = await put(service, NODES, {"virtualNodeName": one, "spec": NODE})
    return reply


def test_a_change_is_published_before_its_answer_and_nothing_else_is():
    async def main() -> None:
        publisher = Fake()
        service = Service(Store(), publisher)
        assert (await create(service, "a")).status == 200
        assert [len(list(one)) for one in publisher.seen] == [1, 2]
        await put(service, f"{NODES}/a", {"spec": NODE})  # the same again: a new version, the same policy
        await put(service, f"/v20190125/tag?resourceArn={arn()}", {"tags": [{"key": "k", "value": "v"}]})
        await service.reply("GET", NODES, b"")
        assert (await put(service, MESHES, {"meshName": "another"})).status == 200
        assert (await put(service, MESHES, {"meshName": "m"})).status == 409
        assert len(publisher.seen) == 2
        await service.reply("DELETE", f"{NODES}/a", b"")
        assert list(publisher.seen[-1].virtual_nodes) == []

    run(main())


def arn() -> str:
    return "arn:aws:appmesh:us-east-1:123456789012:mesh/m"


@pytest.mark.parametrize(
    ("error", "status", "kind", "said"),
    [
        (
            RejectedError("a refused it: duplicate cluster", hint="rename it"),
            400,
            "BadRequestException",
            "a refused it",
        ),
        (DeadlineError("no ACK of a within 15 s"), 500, "InternalServerErrorException", "no ACK of a"),
        (LimitExceededError("too many replicas"), 400, "LimitExceededException", "too many replicas"),
        (
            DocumentError(
                [Problem(Where("x.json", 3), "one thing", "do this"), Problem(Where("y.json"), "another")]
            ),
            400,
            "BadRequestException",
            "one thing (do this); another",
        ),
    ],
)
def test_what_can_not_be_published_is_taken_back(error: ChaosMeshError, status: int, kind: str, said: str):
    async def main() -> None:
        publisher = Fake(lambda resources: error if "bad" in resources.virtual_nodes else None)
        service = Service(Store(), publisher)
        await create(service, "a")
        before = service.store.state
        reply = await put(service, NODES, {"virtualNodeName": "bad", "spec": NODE})
        read = json.loads(reply.body)
        assert (reply.status, read["__type"], reply.headers["x-amzn-ErrorType"]) == (status, kind, kind)
        assert "taken back" in read["message"]
        assert said in read["message"]
        assert service.store.state is before
        assert [sorted(one.virtual_nodes) for one in publisher.seen] == [[], ["a"], ["a", "bad"], ["a"]]
        assert (await put(service, NODES, {"virtualNodeName": "b", "spec": NODE})).status == 200

    run(main())


def test_a_failure_that_can_not_be_taken_back_is_said_on_standard_error():
    async def main() -> None:
        log = io.StringIO()
        publisher = Fake(lambda _: DeadlineError("the sidecars are gone"))
        reply = await create(Service(Store(), publisher, log=log))
        assert reply.status == 500
        assert "could not be put back: the sidecars are gone" in log.getvalue()

    run(main())


def test_a_bug_of_ours_is_an_internal_error_without_a_traceback():
    async def main() -> None:
        log = io.StringIO()
        publisher = Fake(lambda resources: KeyError("inner") if resources.mesh else None)
        service = Service(Store(), publisher, log=log)
        reply = await create(service)
        read = json.loads(reply.body)
        assert (reply.status, read["__type"]) == (500, "InternalServerErrorException")
        assert "Traceback" not in read["message"] + log.getvalue()
        assert "KeyError at test_service.py:" in log.getvalue()
        assert publisher.seen[-1].mesh is None
        assert list(service.store.state.records) == []

    run(main())


def test_reads_do_not_wait_and_changes_come_one_after_the_other():
    async def main() -> None:
        publisher = Fake()
        service = Service(Store(), publisher)
        await create(service, "a")
        publisher.gate = asyncio.Event()
        publisher.entered.clear()
        first = asyncio.create_task(put(service, NODES, {"virtualNodeName": "b", "spec": NODE}))
        await publisher.entered.wait()
        second = asyncio.create_task(put(service, NODES, {"virtualNodeName": "c", "spec": NODE}))
        listed = json.loads((await service.reply("GET", NODES, b"")).body)["virtualNodes"]
        assert [one["virtualNodeName"] for one in listed] == ["a"]  # b is not in force yet
        assert not first.done()
        assert len(publisher.seen) == 3  # c waits for b
        publisher.gate.set()
        assert [(await one).status for one in (first, second)] == [200, 200]
        assert sorted(publisher.seen[-1].virtual_nodes) == ["a", "b", "c"]

    run(main())


def test_two_that_create_the_same_make_one():
    async def main() -> None:
        service = Service(Store(), Fake())
        await create(service)
        body = {"virtualNodeName": "a", "spec": NODE}
        replies = await asyncio.gather(*(put(service, NODES, body) for _ in range(5)))
        assert sorted(one.status for one in replies) == [200, 409, 409, 409, 409]

    run(main())


def test_a_port_that_is_taken_is_told():
    async def main() -> None:
        first, second = Service(Store(), Fake()), Service(Store(), Fake())
        url = await first.start()
        port = int(url.rpartition(":")[2])
        try:
            with pytest.raises(ChaosMeshError, match=f"can't listen on 127.0.0.1:{port}"):
                await second.start(port=port)
        finally:
            await first.stop()
        assert await second.start(port=port) == url
        await second.stop()

    run(main())


def test_importing_the_room_does_not_load_the_web_server():
    import subprocess
    import sys

    code = "import chaosmesh.appmesh.api, sys; sys.exit('aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def documents(**nodes: int) -> Resources:
    """A mesh of documents: nodes by name, each with its port."""
    made = {}
    for line, (name, port) in enumerate(nodes.items(), 1):
        listener = {"portMapping": {"port": port, "protocol": "http"}}
        spec = VirtualNodeSpec.model_validate({**NODE, "listeners": [listener]})
        made[name] = Resource("virtualNode", name, None, spec, Where("nodes.yaml", line))
    return Resources("m", virtual_nodes=made)


def test_documents_that_are_saved_again_win_for_what_they_hold():
    async def main() -> None:
        publisher = Fake()
        service = Service(Store.of(documents(a=1, b=2, c=3)), publisher)
        await put(service, NODES, {"virtualNodeName": "called", "spec": NODE})
        await put(service, f"{NODES}/b", {"spec": NODE})
        await service.saved(documents(d=4, a=1, b=5))
        listed = json.loads((await service.reply("GET", NODES, b"")).body)["virtualNodes"]
        versions = {one["virtualNodeName"]: one["version"] for one in listed}
        assert versions == {"a": 1, "b": 3, "called": 1, "d": 1}  # c left the documents
        last = publisher.seen[-1]
        assert last.virtual_nodes["b"].spec.listeners[0].port_mapping.port == 5
        assert last.virtual_nodes["b"].where == Where("nodes.yaml", 3)
        await service.saved(documents(a=1))
        assert sorted(publisher.seen[-1].virtual_nodes) == ["a", "called"]

    run(main())


def test_documents_that_can_not_be_put_in_force_change_nothing():
    async def main() -> None:
        publisher = Fake(
            lambda resources: DeadlineError("no ACK") if "bad" in resources.virtual_nodes else None
        )
        service = Service(Store.of(documents(a=1)), publisher)
        before = service.store.state
        with pytest.raises(DeadlineError):
            await service.saved(documents(a=1, bad=2))
        with pytest.raises(UsageError, match="of the mesh other now, m is running"):
            await service.saved(Resources("other"))
        assert service.store.state is before
        assert [sorted(one.virtual_nodes) for one in publisher.seen] == [["a", "bad"], ["a"]]

    run(main())

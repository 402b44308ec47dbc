"""Stand-ins over real HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chaosmesh.runtime import Keeper, new_run, probe
from chaosmesh.services.config import StandIn
from tests.integration.patience import PATIENCE
from tests.integration.runtime import outside

pytestmark = pytest.mark.integration
TOKEN = "t0ken"
Talk = Callable[["Talker"], Awaitable[None]]


class Talker:
    """Speaks to stand-in `front`, which calls `left` and `right`."""

    def __init__(self, subnet: str) -> None:
        self._subnet = subnet

    def host(self, node: str) -> str:
        return f"{self._subnet}.32.{['front', 'left', 'right'].index(node) + 1}"

    async def get(
        self, path: str = "/x", node: str = "front", method: str = "GET", body: bytes = b"", **headers: str
    ) -> tuple[int, Any]:
        dashed = {name.replace("_", "-"): value for name, value in headers.items()}
        status, answer = await probe.request(
            method, self.host(node), 8080, path, dashed, body, within=PATIENCE
        )
        return status, json.loads(answer) if answer.startswith(b"{") else answer


@pytest.fixture
def talk(tmp_path: Path, subnet: str) -> Callable[[Talk], None]:
    talker = Talker(subnet)
    urls = tuple((f"{one}.local", f"http://{talker.host(one)}:8080") for one in ("left", "right"))

    def run(use: Talk) -> None:
        async def main() -> None:
            keeper = await Keeper.start(new_run(), tmp_path)
            try:
                for node in ("front", "left", "right"):
                    one = StandIn(node, "v1", 3, "r", ((talker.host(node), 8080, "http"),), token=TOKEN)
                    await keeper.fork_standin(node, replace(one, calls=urls) if node == "front" else one)
                for node in ("front", "left", "right"):
                    await probe.until(
                        node, lambda node=node: probe.accepts(talker.host(node), 8080), within=30
                    )
                await use(talker)
            finally:
                await keeper.close()

        asyncio.run(main())

    return run


def test_it_calls_its_backends_and_passes_context_on(talk: Callable[[Talk], None]) -> None:
    async def use(to: Talker) -> None:
        status, answer = await to.get(
            "/a/b?c=d", x_request_id="id-1", x_chaosmesh_lineage="1.2", x_envoy_attempt_count="2"
        )
        assert status == 200
        calls = answer.pop("calls")
        assert answer == {
            "node": "front",
            "version": "v1",
            "replica": 3,
            "request_id": "id-1",
            "attempt": 2,
            "lineage": "1.2",
        }
        assert [(one["service"], one["status"]) for one in calls] == [
            ("left.local", 200),
            ("right.local", 200),
        ]
        assert calls[1]["answer"] == {**answer, "node": "right", "attempt": 1, "calls": []}

    talk(use)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PURGE"])
def test_every_method_and_path_is_answered(talk: Callable[[Talk], None], method: str) -> None:
    async def use(to: Talker) -> None:
        assert (await to.get("/some/%20where?x", method=method, body=b"hello"))[0] == 200

    talk(use)


def test_head_and_ping(talk: Callable[[Talk], None]) -> None:
    async def use(to: Talker) -> None:
        assert await to.get(method="HEAD") == (200, b"")
        assert await to.get("/ping", x_standin="front=status:503") == (200, b"pong")

    talk(use)


def test_a_failing_status_is_passed_on_unchanged_the_first_in_order(talk: Callable[[Talk], None]) -> None:
    async def use(to: Talker) -> None:
        assert (await to.get(x_standin="right=status:418"))[0] == 418
        status, answer = await to.get(x_standin="left=status:504;delay_ms:50,right=status:503")
        assert status == 504
        assert [one["status"] for one in answer["calls"]] == [504, 503]
        assert (await to.get(x_standin="right=status:204"))[0] == 200

    talk(use)


def test_the_first_attempts_meet_the_plan(talk: Callable[[Talk], None]) -> None:
    async def use(to: Talker) -> None:
        plan = "left=status:503;attempts:2"
        statuses = [
            (await to.get(node="left", x_standin=plan, x_envoy_attempt_count=str(n)))[0] for n in (1, 2, 3)
        ]
        assert statuses == [503, 503, 200]
        assert (await to.get(node="left", x_standin=plan))[0] == 503
        assert (await to.get(node="left", x_standin="left=status:503", x_envoy_attempt_count="9"))[0] == 503

    talk(use)


def test_until_counts_from_the_start_of_the_call(talk: Callable[[Talk], None]) -> None:
    async def use(to: Talker) -> None:
        plan = "left=status:503;until_ms:60000"
        young, old = (f"12-{time.time_ns() - age}" for age in (0, 61_000_000_000))
        assert (await to.get(node="left", x_standin=plan, x_chaosmesh_call=young))[0] == 503
        assert (await to.get(node="left", x_standin=plan, x_chaosmesh_call=old))[0] == 200

    talk(use)


def test_delay_waits_and_answers(talk: Callable[[Talk], None]) -> None:
    async def use(to: Talker) -> None:
        start = time.monotonic()
        assert (await to.get(x_standin="right=delay_ms:150"))[0] == 200
        assert time.monotonic() - start >= 0.15

    talk(use)


def test_close_ends_the_connection_without_an_answer(talk: Callable[[Talk], None]) -> None:
    async def use(to: Talker) -> None:
        with pytest.raises((ValueError, ConnectionResetError)):
            await to.get(node="left", x_standin="left=close")
        status, answer = await to.get(x_standin="left=close")
        assert (status, answer["calls"][0]["status"], answer["calls"][1]["status"]) == (502, 502, 200)

    talk(use)


def test_hang_never_answers_and_ends_with_its_client(talk: Callable[[Talk], None]) -> None:
    async def use(to: Talker) -> None:
        left = f"{to.host('left')}:8080"
        await outside.auntil(lambda: outside.connections(left) == 0, "nobody is connected to left", 30)
        reader, writer = await asyncio.open_connection(to.host("front"), 8080)
        writer.write(b"GET / HTTP/1.1\r\nhost: a\r\nx-standin: left=hang\r\n\r\n")
        await outside.auntil(lambda: outside.connections(left) == 1, "front calls left", 30)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.5)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        await outside.auntil(lambda: outside.connections(left) == 0, "the call to left ended too", 30)
        assert (await to.get(node="left"))[0] == 200

    talk(use)


def test_a_bad_plan_is_a_400_that_says_so(talk: Callable[[Talk], None]) -> None:
    async def use(to: Talker) -> None:
        assert await to.get(x_standin="left=explode") == (
            400,
            {
                "error": "x-standin: left: unknown word 'explode'; one of status:<200-599>, grpc:<0-16>, delay_ms:<n>, hang, close, refuse, attempts:<n>, until_ms:<n>"
            },
        )

    talk(use)


def test_an_unreachable_sidecar_is_a_502(tmp_path: Path, subnet: str) -> None:
    async def main() -> None:
        keeper = await Keeper.start(new_run(), tmp_path)
        try:
            calls = (("gone.local", f"http://{subnet}.160.1:80"),)
            await keeper.fork_standin(
                "a", StandIn("a", listen=((f"{subnet}.32.1", 80, "http"),), calls=calls)
            )
            await probe.until("a", lambda: probe.accepts(f"{subnet}.32.1", 80), within=30)
            status, body = await probe.request("GET", f"{subnet}.32.1", 80, "/", within=PATIENCE)
            assert status == 502
            assert json.loads(body)["calls"][0]["service"] == "gone.local"
        finally:
            await keeper.close()

    asyncio.run(main())


def test_capacity_is_one_queue(talk: Callable[[Talk], None]) -> None:
    async def use(to: Talker) -> None:
        assert (
            await to.get("/.chaosmesh/config", "left", "PUT", b'{"capacity": 20}', x_chaosmesh_token=TOKEN)
        )[0] == 200
        start = time.monotonic()
        answers = await asyncio.gather(*(to.get(node="left") for _ in range(10)))
        assert {status for status, _ in answers} == {200}
        assert time.monotonic() - start >= 10 / 20

    talk(use)


def test_only_the_token_changes_it_and_only_sensibly(talk: Callable[[Talk], None]) -> None:
    async def use(to: Talker) -> None:
        async def put(body: bytes, **headers: str) -> tuple[int, Any]:
            return await to.get("/.chaosmesh/config", "left", "PUT", body, **headers)

        assert (await put(b'{"version": "v2"}'))[0] == 403
        assert (await to.get("/.chaosmesh/config", "left"))[0] == 403
        status, answer = await to.get("/.chaosmesh/config", "left", x_chaosmesh_token=TOKEN)
        assert (status, answer["version"], answer["token"]) == (200, "v1", "")
        assert (await put(b'{"version": "v2"}', x_chaosmesh_token="wrong"))[0] == 403
        assert (await put(b"{", x_chaosmesh_token=TOKEN))[0] == 400
        assert (await put(b"[]", x_chaosmesh_token=TOKEN))[0] == 400
        assert (await put(b'{"capacity": -1}', x_chaosmesh_token=TOKEN))[0] == 400
        assert (await to.get(node="left"))[1]["version"] == "v1"
        status, answer = await put(b'{"version": "v2"}', x_chaosmesh_token=TOKEN)
        assert (status, answer["version"], answer["token"]) == (200, "v2", "")
        assert (await to.get(node="left"))[1]["version"] == "v2"

    talk(use)

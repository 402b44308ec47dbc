"""Stand-ins over HTTP/2: plans, windows, shared connections, headers beyond all measure."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from pathlib import Path

import grpc.aio
import pytest
from h2 import events
from h2.errors import ErrorCodes

from tests.integration.runtime import outside
from tests.integration.runtime.speakers import PORTS, Speakers, Talk

pytestmark = pytest.mark.integration


def test_curl_speaks_http2_with_it(talk: Talk, tmp_path: Path) -> None:
    curl = shutil.which("curl")
    if curl is None or "HTTP2" not in subprocess.run([curl, "-V"], capture_output=True, text=True).stdout:
        pytest.skip("there is no curl with HTTP/2; install one to see this test run")

    async def use(to: Speakers) -> None:
        async def get(*more: str) -> list[str]:
            url = f"http://{to.hosts['leaf']}:{PORTS['http2']}/a?b"
            out = await asyncio.create_subprocess_exec(
                curl, "-s", "--http2-prior-knowledge", "-w", r"\n%{http_version} %{response_code}", *more, url,
                stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            return (await out.communicate())[0].decode().rsplit("\n", 1)

        (tmp_path / "body").write_bytes(bytes(300_000))
        body, status = await get("--data-binary", f"@{tmp_path}/body")
        assert (json.loads(body)["node"], status) == ("leaf", "2 200")
        assert await get("-I", "-H", "x-standin: leaf=status:404") != []
        body, status = await get("-H", "x-standin: leaf=status:404")
        assert (json.loads(body)["node"], status) == ("leaf", "2 404")
        assert await get("-H", "x-standin: leaf=status:204") == ["", "2 204"]

    talk(use)


def test_plans_over_http2(talk: Talk) -> None:
    async def use(to: Speakers) -> None:
        async with to.h2("leaf") as one:
            hanging = one.ask(x_standin="leaf=hang")
            assert (await one.answer(one.ask(x_standin="leaf=status:503;attempts:1")))[0] == 503
            second = one.ask(x_standin="leaf=status:503;attempts:1", x_envoy_attempt_count="2")
            assert (await one.answer(second))[0] == 200
            assert (await one.answer(one.ask(x_standin="leaf=grpc:5")))[0] == 404
            status, body, _ = await one.answer(one.ask(x_standin="leaf=explode"))
            assert (status, "unknown word" in json.loads(body)["error"]) == (400, True)
            refused = await one.until(events.StreamReset, one.ask(x_standin="leaf=refuse"))
            assert refused.error_code == ErrorCodes.REFUSED_STREAM  # type: ignore[attr-defined]
            one.state.reset_stream(hanging, ErrorCodes.CANCEL)
            assert (await one.answer(one.ask()))[0] == 200
            with pytest.raises(EOFError):
                await one.answer(one.ask(x_standin="leaf=close"))
            assert not [event for event in one.seen if isinstance(event, events.ConnectionTerminated)]

    talk(use)


@pytest.mark.parametrize("protocol", ["http2", "grpc"])
def test_a_call_over_a_shared_connection_is_taken_back_alone(talk: Talk, protocol: str) -> None:
    async def use(to: Speakers) -> None:
        leaf = f"{to.hosts['leaf']}:{PORTS[protocol]}"
        assert (await to.http())[0] == 200
        await outside.auntil(lambda: outside.connections(leaf) == 1, "one connection is kept", 30)
        async with to.h2() as one:
            streams = [one.ask(x_standin="leaf=hang") for _ in range(20)]
            other = one.ask(x_standin="leaf=delay_ms:300")
            for stream in streams:
                one.state.reset_stream(stream, ErrorCodes.CANCEL)
            one.flush()
            assert (await one.answer(other))[0] == 200
        assert (await to.http())[0] == 200
        assert outside.connections(leaf) == 1

    talk(use, protocol)


def test_bodies_beyond_the_windows_go_both_ways(talk: Talk) -> None:
    async def use(to: Speakers) -> None:
        async with to.h2(window=100) as one:
            stream = one.ask()
            got = b""
            while len(got) < 600:
                event = await one.until(events.DataReceived, stream)
                got += event.data  # type: ignore[attr-defined]
                one.state.increment_flow_control_window(len(event.data), stream)  # type: ignore[attr-defined]
                one.flush()
            assert got.startswith(b'{"node":"front"')
        assert (await to.grpc(payload=b"x" * 900_000))["calls"][1]["status"] == 200
        with pytest.raises(grpc.aio.AioRpcError, match="RESOURCE_EXHAUSTED"):
            await to.grpc("leaf", payload=b"x" * 1_100_000)

    talk(use)


def test_headers_beyond_all_measure_end_one_connection(talk: Talk) -> None:
    async def use(to: Speakers) -> None:
        async with to.h2("leaf") as one:
            with pytest.raises(EOFError):
                await one.answer(one.ask(**{f"x{n}": "y" * 1000 for n in range(100)}))
        async with to.h2("leaf") as one:
            assert (await one.answer(one.ask(**{f"x{n}": "y" * 1000 for n in range(30)})))[0] == 200

    talk(use)

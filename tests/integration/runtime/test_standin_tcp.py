"""Stand-ins over TCP: lines, echoes, other programs behind the same port, clients that never read."""

from __future__ import annotations

import asyncio
import json

import pytest

from chaosmesh.runtime import probe
from tests.integration.patience import PATIENCE
from tests.integration.runtime.speakers import PORTS, Speakers, Talk

pytestmark = pytest.mark.integration


def test_a_line_that_hangs_ends_when_its_client_ends(talk: Talk) -> None:
    async def use(to: Speakers) -> None:
        reader, writer = await to.connect("tcp", "leaf")
        writer.write(b"leaf=hang\nmore")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.5)
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), 30) == b""

    talk(use)


def test_a_line_is_answered_by_a_line_and_then_all_is_echoed(talk: Talk) -> None:
    async def use(to: Speakers) -> None:
        plain = {"node": "leaf", "version": "v1", "replica": 0, "request_id": "", "attempt": 1, "lineage": ""}
        for line in (b"\n", b"hello\r\n", b"\xff\xfe\0\n", b'{"x-request-id": 5}\n'):
            got, _, rest = (await to.tcp(line + b"and more\n", "leaf")).partition(b"\n")
            assert (json.loads(got), rest) == ({**plain, "calls": []}, b"and more\n")
        for end in (b"", b"no end of line"):
            assert json.loads(await to.tcp(end, "leaf")) == {**plain, "calls": []}
        assert json.loads(await to.tcp(b"leaf=status:503\n", "leaf", end=False))["status"] == 503
        assert "unknown word" in json.loads(await to.tcp(b"leaf=explode\n", "leaf"))["error"]
        assert await to.tcp(b"leaf=close\n", "leaf") == b""
        big = bytes(range(256)) * 8192
        got, _, rest = (await to.tcp(b"\n" + big, "leaf")).partition(b"\n")
        assert rest == big
        got, _, rest = (await to.tcp(b"x" * 100_000, "leaf")).partition(b"\n")
        assert (json.loads(got)["node"], rest) == ("leaf", b"x" * 100_000)

    talk(use)


def test_programs_behind_tcp_are_answered_as_they_speak(talk: Talk) -> None:
    async def use(to: Speakers) -> None:
        host = to.hosts["leaf"]
        status, body = await probe.request(
            "GET", host, PORTS["tcp"], "/x", {"x-standin": "leaf=status:418"}, within=PATIENCE
        )
        assert (status, json.loads(body)["node"]) == (418, "leaf")
        async with to.h2("leaf", "tcp") as one:
            assert (await one.answer(one.ask()))[0] == 200

    talk(use)


def test_clients_that_never_read_hold_up_nobody(talk: Talk) -> None:
    async def use(to: Speakers) -> None:
        _, echoing = await to.connect("tcp", "leaf")
        echoing.transport.pause_reading()  # type: ignore[attr-defined]
        echoing.write(b"\n" + bytes(50_000_000))
        async with to.h2(window=0) as silent:
            for _ in range(50):
                silent.ask()
            assert (await to.http2())[0] == 200
        echoing.transport.abort()

    talk(use)

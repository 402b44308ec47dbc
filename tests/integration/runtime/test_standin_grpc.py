"""Stand-ins over gRPC: health, plans as codes, codes and statuses turned into each other."""

from __future__ import annotations

import json

import grpc.aio
import pytest
from h2 import events

from tests.integration.runtime.speakers import PORTS, Speakers, Talk

pytestmark = pytest.mark.integration


def test_health(talk: Talk) -> None:
    async def use(to: Speakers) -> None:
        async with to.h2("leaf") as one:
            assert (await one.answer(one.ask("/ping", x_standin="leaf=status:503")))[:2] == (200, b"pong")
        async with grpc.aio.insecure_channel(f"{to.hosts['leaf']}:{PORTS['grpc']}") as channel:
            plan = (("x-standin", "leaf=grpc:14"),)
            check = channel.unary_unary("/grpc.health.v1.Health/Check")
            assert await check(b"", metadata=plan) == b"\x08\x01"
            watch = channel.unary_stream("/grpc.health.v1.Health/Watch")
            with pytest.raises(grpc.aio.AioRpcError, match="no method Watch"):
                await watch(b"").read()

    talk(use)


@pytest.mark.parametrize(
    ("plan", "code"),
    [
        ("grpc:5", "NOT_FOUND"),
        ("grpc:14", "UNAVAILABLE"),
        ("grpc:8;attempts:1", "RESOURCE_EXHAUSTED"),
        ("grpc:0", "OK"),
        ("status:503", "UNAVAILABLE"),
        ("status:404", "UNIMPLEMENTED"),
        ("status:500", "UNKNOWN"),
        ("status:204", "OK"),
        ("refuse", "UNAVAILABLE"),
        ("close", "UNAVAILABLE"),
        ("explode", "INVALID_ARGUMENT"),
    ],
)
def test_plans_over_grpc(talk: Talk, plan: str, code: str) -> None:
    async def use(to: Speakers) -> None:
        assert await to.code("leaf", x_standin=f"leaf={plan}") == code

    talk(use)


def test_failures_are_trailers_only(talk: Talk) -> None:
    """Else a sidecar doesn't try again."""

    async def use(to: Speakers) -> None:
        async with to.h2("leaf", "grpc") as one:
            ask = {"content_type": "application/grpc", "te": "trailers", "x_standin": "leaf=grpc:14"}
            status, body, headers = await one.answer(one.ask("/a.B/C", "POST", bytes(5), **ask))
            assert (status, body, headers["grpc-status"]) == (200, b"", "14")
            assert not [event for event in one.seen if isinstance(event, events.TrailersReceived)]

    talk(use)


def test_a_code_goes_through_grpc_unchanged_and_becomes_a_status_over_http(talk: Talk) -> None:
    async def use(to: Speakers) -> None:
        for plan, code, status in (("grpc:9", "FAILED_PRECONDITION", 400), ("grpc:14", "UNAVAILABLE", 503)):
            assert await to.code(x_standin=f"leaf={plan}") == code
            assert (await to.http(x_standin=f"leaf={plan}"))[0] == status
            got = json.loads(await to.tcp(f"leaf={plan}\n".encode()))
            assert (got["status"], got["calls"]) == (
                status,
                [{"service": "grpc.local", "status": status, "grpc_status": int(plan[5:])}],
            )

    talk(use, "grpc")


@pytest.mark.parametrize("protocol", ["http", "http2", "tcp"])
def test_a_status_becomes_a_code_over_grpc(talk: Talk, protocol: str) -> None:
    async def use(to: Speakers) -> None:
        assert await to.code(x_standin="leaf=status:503") == "UNAVAILABLE"
        assert await to.code(x_standin="leaf=status:404") == "UNIMPLEMENTED"
        status, answer = await to.http2(x_standin="leaf=status:404")
        assert status == answer["calls"][0]["status"] == 404
        assert answer["calls"][0]["answer"]["node"] == "leaf"

    talk(use, protocol)

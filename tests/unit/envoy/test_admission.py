"""Who gets in at the control plane: a sidecar with its own token, as itself, and nobody else."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import grpc.aio
import pytest

from chaosmesh.envoy import ControlPlane, codec, names
from chaosmesh.envoy.admission import TOKEN, Admission
from tests.unit.envoy.fake import METHOD as ADS

LOGS = "/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs"
SPANS = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
DISCOVERY = codec.message("envoy.service.discovery.v3.DiscoveryRequest")
ENTRIES = codec.message("envoy.service.accesslog.v3.StreamAccessLogsMessage")


def discovery(key: str) -> bytes:
    request = DISCOVERY(type_url=codec.type_url("clusters"))
    request.node.id = key
    return request.SerializeToString()


def entries(key: str) -> bytes:
    message = ENTRIES()
    message.identifier.node.id = key
    message.identifier.log_name = "egress"
    message.http_logs.log_entry.add().request.path = "/"
    return message.SerializeToString()


@asynccontextmanager
async def started():
    folder = Path(tempfile.mkdtemp(prefix="cm", dir="/tmp"))
    plane = ControlPlane()
    plane.refused = []
    plane.admission.on_refused = plane.refused.append
    await plane.start(folder / "s")
    try:
        yield plane, folder / "s"
    finally:
        await plane.stop()
        shutil.rmtree(folder)


async def ended(socket, method: str, message: bytes, token: str | None) -> grpc.StatusCode:
    """How a call of a raw client ends; OK where the control plane let it in.

    A client that was refused while it still wrote knows of its own broken write only (INTERNAL): it asks again.
    """
    for _ in range(50):
        code = await once(socket, method, message, token)
        if code is not grpc.StatusCode.INTERNAL:
            break
    return code


async def once(socket, method: str, message: bytes, token: str | None) -> grpc.StatusCode:
    path = str(socket) if method == ADS else names.log_socket(str(socket))
    async with grpc.aio.insecure_channel(f"unix:{path}") as channel:
        metadata = () if token is None else ((TOKEN, token),)
        if method == SPANS:
            call = channel.unary_unary(method)(message, metadata=metadata, timeout=20)
        elif method == LOGS:
            call = channel.stream_unary(method)(iter([message]), metadata=metadata, timeout=20)
        else:
            call = channel.stream_stream(method)(metadata=metadata, timeout=20)
            try:
                await call.write(message)
                # The stream of a sidecar stays open: it is in as soon as it is answered.
                if await call.read() is not grpc.aio.EOF:
                    return grpc.StatusCode.OK
            except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
                pass
        return await call.code()


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 60))


CALLS = {ADS: discovery, LOGS: entries, SPANS: lambda _key: b""}


@pytest.mark.parametrize("method", CALLS, ids=["configuration", "access log", "spans"])
def test_a_sidecar_gets_in_with_its_own_token_and_nobody_without_it(method):
    async def body():
        async with started() as (plane, socket):
            own, other = plane.admit("a.0"), plane.admit("b.0")
            message = CALLS[method]("a.0")
            await plane.push({}, timeout=5)
            one = plane._sidecar("a.0")
            one.want(clusters={}, listeners={})
            assert await ended(socket, method, message, own) is grpc.StatusCode.OK
            assert plane.refused == []
            wrong = [
                None,
                "",
                "nonsense",
                own[:-1],
                f"{own}0",
                own.replace(".", ".x"),
                other.partition(".")[2],
            ]
            for token in wrong:
                assert await ended(socket, method, message, token) is grpc.StatusCode.UNAUTHENTICATED, token
            assert {text.rpartition(": ")[2] for text in plane.refused} == {
                "somebody came without a token",
                "somebody came with a token that is not of this run",
            }

    run(body())


@pytest.mark.parametrize("method", [ADS, LOGS], ids=["configuration", "access log"])
def test_a_sidecar_speaks_for_itself_only(method):
    async def body():
        async with started() as (plane, socket):
            rows = []
            plane.on_rows = rows.extend
            own = plane.admit("a.0")
            plane.admit("b.0")
            code = await ended(socket, method, CALLS[method]("b.0"), own)
            assert code is grpc.StatusCode.UNAUTHENTICATED
            assert plane.refused[0].endswith("sidecar a.0 came as b.0")
            assert rows == []
            assert plane._sidecar("b.0").stream is None

    run(body())


def test_a_token_ends_with_its_sidecar_and_with_the_next_one():
    admission = Admission()
    first = admission.admit("a.0")
    assert admission.who(first) == "a.0"
    second = admission.admit("a.0")
    assert (admission.who(first), admission.who(second)) == ("", "a.0")
    admission.forget(["a.0", "nobody"])
    assert admission.who(second) == ""


@pytest.mark.parametrize("key", ["front.0", "a.b_c-d.12", "knoten-ü.0"])
def test_a_token_fits_into_a_header_whatever_the_node_is_called(key):
    token = Admission().admit(key)
    assert token.isascii()
    assert "%" not in token
    assert len(token.rpartition(".")[2]) == 32


def test_without_anybody_admitted_nobody_gets_in():
    async def body():
        async with started() as (_, socket):
            code = await ended(socket, SPANS, b"", None)
            assert code is grpc.StatusCode.UNAUTHENTICATED

    run(body())

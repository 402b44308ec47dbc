"""TLS below every protocol: handshakes, names, client certificates, and the words when one fails."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.target import bare_envoy
from chaosmesh.load import Record, RequestSpec, StreamReport, Tls
from tests.certificates import Authority
from tests.integration.load_grpc_server import grpc_server
from tests.integration.load_http2_server import server2
from tests.integration.load_server import Bench, Manners, Seen, with_load

pytestmark = pytest.mark.integration

HTTP = RequestSpec()
HTTP2 = RequestSpec(protocol="http2")
GRPC = RequestSpec(path="/test.Any/Echo", body=b"hello", protocol="grpc")
LINE = RequestSpec(body=b"hello", protocol="tcp")


class Files:
    """Certificates of one authority as files."""

    def __init__(self, folder: Path, authority: Authority, name: str) -> None:
        secret = authority.issue(name)
        self.ca, self.cert, self.key = (
            folder / f"{authority.name}-{name}.{kind}" for kind in ("ca", "pem", "key")
        )
        for path, text in ((self.ca, authority.pem), (self.cert, secret.chain), (self.key, secret.key)):
            path.write_text(text)

    def server(self, *alpn: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, self.key)
        if alpn:
            context.set_alpn_protocols(list(alpn))
        return context

    def trusted(self, name: str = "front.local") -> Tls:
        return Tls(name, str(self.ca))


@pytest.fixture
def ours(tmp_path: Path) -> Files:
    return Files(tmp_path, Authority("ours"), "front.local")


@pytest.fixture
def theirs(tmp_path: Path) -> Files:
    return Files(tmp_path, Authority("theirs"), "users.local")


@asynccontextmanager
async def http1(context: ssl.SSLContext) -> AsyncIterator[tuple[str, Seen]]:
    seen = Seen()
    listening = await asyncio.get_running_loop().create_server(
        lambda: Manners(seen), "127.0.0.1", 0, ssl=context
    )
    async with listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", seen


async def run(
    bench: Bench, spec: RequestSpec, tls: Tls, number: int = 1, count: int = 20
) -> tuple[StreamReport, list[Record]]:
    report, records = await bench.run(bench.stream(spec, id=number, rate=50, count=count, tls=tls))
    assert (report.sent, report.finished, len(records)) == (count, count, count)
    return report, records


def outcomes(records: list[Record]) -> set[tuple[int, str]]:
    return {(one.status, one.error) for one in records}


def test_http1_keeps_its_connections_under_tls(tmp_path: Path, ours: Files) -> None:
    async def scenario(bench: Bench) -> None:
        async with http1(ours.server("http/1.1")) as (bench.url, seen):
            _, records = await run(bench, HTTP, ours.trusted(), count=100)
            assert outcomes(records) == {(200, "")}
            assert seen.connections < 100
            for number, (path, size) in enumerate({"/large": 1_000_000, "/endless": 13}.items(), 2):
                _, records = await run(bench, RequestSpec(path=path), ours.trusted(), number)
                assert {(one.status, one.size, one.error) for one in records} == {(200, size, "")}, path
            _, records = await run(bench, RequestSpec("POST", body=bytes(300_000)), ours.trusted(), 4)
            assert outcomes(records) == {(200, "")}
            assert seen.bodies[-1] == bytes(300_000)

    with_load(tmp_path, scenario)


def test_http2_under_tls_and_later_connections_resume_the_session(tmp_path: Path, ours: Files) -> None:
    async def scenario(bench: Bench) -> None:
        async with server2(tls=ours.server("h2")) as (bench.url, seen):
            _, records = await run(bench, HTTP2, ours.trusted())
            assert outcomes(records) == {(200, "")}
            assert {one[":scheme"] for one in seen.headers} == {"https"}
            _, records = await run(bench, replace(HTTP2, path="/large"), ours.trusted(), 2, 5)
            assert {one.size for one in records} == {5_000_000}
            for number in range(3, 8):  # requests that overlap would share the first connection of a stream
                seen.connections = seen.resumed = 0
                _, records = await run(bench, replace(HTTP2, path="/goodbye"), ours.trusted(), number)
                assert outcomes(records) == {(200, "")}
                assert seen.resumed < seen.connections  # the first of a stream has nothing to resume
                if seen.resumed:
                    return
            pytest.fail("no connection resumed a session")

    with_load(tmp_path, scenario)


def test_grpc_with_certificates_on_both_sides(tmp_path: Path, ours: Files, theirs: Files) -> None:
    async def scenario(bench: Bench) -> None:
        async with grpc_server(cert=ours.cert, key=ours.key, ca=theirs.ca) as server:
            bench.url = server.url
            shown = replace(ours.trusted(), cert_file=str(theirs.cert), key_file=str(theirs.key))
            _, records = await run(bench, GRPC, shown)
            assert {(one.status, one.grpc_status, one.size) for one in records} == {(200, 0, 5)}
            _, records = await run(bench, GRPC, ours.trusted(), 2)
            assert {one.status for one in records} == {0}
            assert all(one.error.startswith(("tls: ", "connection ")) for one in records)

    with_load(tmp_path, scenario)


@pytest.mark.parametrize("spec", [HTTP, HTTP2, LINE], ids=lambda spec: spec.protocol)
def test_a_failed_handshake_says_why(tmp_path: Path, ours: Files, theirs: Files, spec: RequestSpec) -> None:
    async def scenario(bench: Bench) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # the server's own complaints
        async with http1(ours.server("http/1.1", "h2")) as (bench.url, _):
            cases = {
                ours.trusted("other.local"): "Hostname mismatch, certificate is not valid for 'other.local'",
                theirs.trusted(): "unable to get local issuer certificate",
            }
            for number, (tls, words) in enumerate(cases.items(), 1):
                _, records = await run(bench, spec, tls, number)
                assert outcomes(records) == {(0, f"tls: CERTIFICATE_VERIFY_FAILED ({words})")}

    with_load(tmp_path, scenario)


def test_any_certificate_will_do_where_nobody_is_trusted(tmp_path: Path, ours: Files) -> None:
    async def scenario(bench: Bench) -> None:
        async with http1(ours.server()) as (bench.url, _):
            for number, tls in enumerate((Tls(), Tls("other.local"), Tls("", str(ours.ca)))):
                _, records = await run(bench, HTTP, tls, number)
                assert outcomes(records) == {(200, "")}

    with_load(tmp_path, scenario)


def test_servers_without_tls_and_without_http2_are_named(tmp_path: Path, ours: Files) -> None:
    async def quiet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def scenario(bench: Bench) -> None:
        async with talker(ours.server()) as bench.url:
            _, records = await run(bench, HTTP2, ours.trusted())
            assert outcomes(records) == {(0, "bad answer")}
        async with await asyncio.start_server(quiet, "127.0.0.1", 0) as listening:
            bench.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
            _, records = await run(bench, HTTP, ours.trusted(), 2)
            errors = {error for _, error in outcomes(records)}
            assert errors <= {"tls: connection closed in the handshake", "connection reset"}
        async with talker() as bench.url:
            _, records = await run(bench, HTTP, ours.trusted(), 3)
            assert outcomes(records) == {(0, "tls: WRONG_VERSION_NUMBER")}

    with_load(tmp_path, scenario)


@asynccontextmanager
async def talker(tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Answers anything with HTTP in the clear."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls) as listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"


def test_a_silent_server_is_a_timeout(tmp_path: Path, ours: Files) -> None:
    async def scenario(bench: Bench) -> None:
        async with await asyncio.start_server(lambda r, w: asyncio.Event().wait(), "127.0.0.1", 0) as silent:
            bench.url = f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}"
            for number, spec in enumerate((HTTP, HTTP2)):
                stream = bench.stream(spec, id=number, rate=100, count=20, timeout=0.3, tls=ours.trusted())
                _, records = await bench.run(stream)
                assert [one.error for one in records] == ["timeout"] * 20

    with_load(tmp_path, scenario)


@pytest.mark.parametrize("spec", [HTTP, HTTP2], ids=lambda spec: spec.protocol)
def test_envoy_that_asks_for_a_certificate(
    tmp_path: Path, ours: Files, theirs: Files, spec: RequestSpec
) -> None:
    pair = {"certificate_chain": {"filename": str(ours.cert)}, "private_key": {"filename": str(ours.key)}}
    common = {
        "tls_certificates": [pair],
        "alpn_protocols": ["h2", "http/1.1"],
        "validation_context": {"trusted_ca": {"filename": str(theirs.ca)}},
    }
    config = {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        "common_tls_context": common,
        "require_client_certificate": True,
    }
    chain = {"transport_socket": {"name": "tls", "typed_config": config}}

    async def scenario(bench: Bench) -> None:
        async with bare_envoy(tmp_path, chain=chain) as bench.url:
            shown = replace(ours.trusted(), cert_file=str(theirs.cert), key_file=str(theirs.key))
            _, records = await run(bench, spec, shown, count=100)
            assert outcomes(records) == {(200, "")}
            _, records = await run(bench, spec, ours.trusted(), 2)
            assert outcomes(records) == {(0, "tls: TLSV13_ALERT_CERTIFICATE_REQUIRED")}
            foreign = replace(ours.trusted(), cert_file=str(ours.cert), key_file=str(ours.key))
            _, records = await run(bench, spec, foreign, 3)
            assert outcomes(records) == {(0, "tls: TLSV1_ALERT_UNKNOWN_CA")}

    with_load(tmp_path, scenario)

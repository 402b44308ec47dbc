"""What the load benchmarks aim at: a server that keeps its own clock, and a bare Envoy.

As a program (`python -m benchmarks.target LOG`) it prints its port, answers everything with 200, and writes
`request id, arrival, answer` (epoch ns) to LOG when its standard input closes.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from chaosmesh.load import LoadProcess, seq_of

_OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
_ID = b"x-request-id: "
_READY_S = 20.0


class _Clock(asyncio.Protocol):
    """Notes when each request came and when its answer left."""

    def __init__(self, log: list[tuple[bytes, int, int]]) -> None:
        self._log = log

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        arrival = time.time_ns()
        at = data.index(_ID) + len(_ID)
        self._log.append((data[at : at + 36], arrival, time.time_ns()))
        self._transport.write(_OK)


async def _serve() -> list[tuple[bytes, int, int]]:
    log: list[tuple[bytes, int, int]] = []
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Clock(log), "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    return log


def _write(path: Path, log: list[tuple[bytes, int, int]]) -> None:
    path.write_text("".join(f"{name.decode()} {arrival} {answer}\n" for name, arrival, answer in log))


@dataclass
class Clocked:
    """The server as a process of its own."""

    url: str
    process: asyncio.subprocess.Process
    path: Path

    async def log(self) -> dict[int, tuple[int, int]]:
        """Ends the server; arrival and answer (epoch ns) by the request's number."""
        await self.process.communicate(b"")
        lines = (line.split() for line in self.path.read_text().splitlines())
        return {seq_of(name) or 0: (int(arrival), int(answer)) for name, arrival, answer in lines}


@asynccontextmanager
async def clocked(folder: Path) -> AsyncIterator[Clocked]:
    """Starts the server and leaves nothing behind."""
    path = folder / "clock.log"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.target",
        str(path),
        cwd=Path(__file__).parent.parent,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    port = int(await asyncio.wait_for(process.stdout.readline(), _READY_S))
    try:
        yield Clocked(f"http://127.0.0.1:{port}", process, path)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _direct_response(address: str, options: Mapping[str, Any], chain: Mapping[str, Any]) -> dict[str, Any]:
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "bench",
        "http_filters": [
            {
                "name": "router",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
                },
            }
        ],
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [{"match": {"prefix": "/"}, "direct_response": {"status": 200}}],
                }
            ]
        },
        **options,
    }
    listener = {
        "name": "bench",
        "address": {"socket_address": {"address": address, "port_value": 10000}},
        "filter_chains": [{"filters": [{"name": "hcm", "typed_config": manager}], **chain}],
    }
    return {"static_resources": {"listeners": [listener]}}


@asynccontextmanager
async def bare_envoy(
    folder: Path,
    *,
    options: Mapping[str, Any] = MappingProxyType({}),
    chain: Mapping[str, Any] = MappingProxyType({}),
) -> AsyncIterator[str]:
    """A single Envoy that answers by itself; yields its url.

    `options` are fields of its HTTP connection manager, `chain` those of its filter chain.
    """
    from chaosmesh.envoy import binary

    address = f"127.77.{os.getpid() % 250 + 1}.1"
    config = folder / "envoy.json"
    config.write_text(json.dumps(_direct_response(address, options, chain)))
    with (folder / "envoy.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            str(binary()),
            "-c",
            str(config),
            "--concurrency",
            "1",
            "--disable-hot-restart",
            stdout=log,
            stderr=log,
        )
    try:
        await asyncio.wait_for(_listening(address), _READY_S)
        yield f"http://{address}:10000"
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _listening(address: str) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection(address, 10000)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return


@asynccontextmanager
async def generator() -> AsyncIterator[tuple[LoadProcess, Path]]:
    """A warm generator, and a folder for everything of the benchmark."""
    started: list[asyncio.subprocess.Process] = []

    async def spawn(_: str, argv: Sequence[str], env: Mapping[str, str], log: Path) -> int:
        with log.open("wb") as file:
            started.append(
                await asyncio.create_subprocess_exec(
                    *argv, env={**os.environ, **env}, stdout=file, stderr=file
                )
            )
        return started[0].pid

    with tempfile.TemporaryDirectory(prefix="chaosmesh-bench-") as name:
        load = LoadProcess()
        await load.start(spawn, Path(name), "bench")
        try:
            yield load, Path(name)
        finally:
            await load.close()
            await started[0].wait()


if __name__ == "__main__":
    _write(Path(sys.argv[1]), asyncio.run(_serve()))

"""Whether a program serves: looks for `probe.until`, each "" or what was seen instead."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from chaosmesh.runtime import probe
from chaosmesh.services.placeholders import filled
from chaosmesh.services.program import Program

Look = Callable[[], Awaitable[str]]
Run = Callable[[tuple[str, ...]], Awaitable[int]]
"""Runs a command beside the program; its exit status."""
CHECK = "/grpc.health.v1.Health/Check"
SERVING = b"\x08\x01"
"""`HealthCheckResponse` with status SERVING."""


def look_of(program: Program, host: str, log: Path, since: int, run: Run) -> Look:
    """The look that a program's `ready` asks for, at its own port of `host`. Of its `log` only what was written after
    the first `since` bytes counts."""
    ready = program.ready
    own = [program.ports.get(port, port) for _, port, _ in program.listen]
    ports = [ready.port] if ready.port is not None else own
    if ready.command:
        asked = filled(program, host)
        return partial(_runs, asked.ready.command, run)
    if ready.log:
        return partial(_said, re.compile(ready.log), log, since)
    if not ports:
        return _nothing
    if ready.path:
        return partial(_answers, host, ports[0], ready.path)
    if ready.grpc is not None:
        return partial(_healthy, host, ports[0], ready.grpc)
    return partial(_accept, host, tuple(ports))


async def _nothing() -> str:
    """It listens nowhere and says nothing of itself: it serves as long as it runs."""
    return ""


async def _runs(command: tuple[str, ...], run: Run) -> str:
    status = await run(command)
    return "" if status == 0 else f"{' '.join(command)} ended with {status}"


async def _said(pattern: re.Pattern[str], log: Path, since: int) -> str:
    try:
        with log.open("rb") as file:
            file.seek(since)
            text = file.read().decode(errors="replace")
    except OSError as error:
        return f"{log}: {error.strerror}"
    if any(pattern.search(line) for line in text.splitlines()):
        return ""
    return f"no line of its log matches {pattern.pattern}"


async def _answers(host: str, port: int, path: str) -> str:
    try:
        status, _ = await probe.request("GET", host, port, path)
    except (OSError, TimeoutError, ValueError) as error:
        return f"{host}:{port}{path} {str(error) or type(error).__name__}"
    return "" if status < 400 else f"{host}:{port}{path} answers {status}"


async def _accept(host: str, ports: tuple[int, ...]) -> str:
    for port in ports:
        if seen := await probe.accepts(host, port):
            return seen
    return ""


async def _healthy(host: str, port: int, service: str) -> str:
    from chaosmesh.envoy.rpc import grpc

    name = service.encode()
    request = b"\x0a" + bytes([len(name)]) + name if name else b""
    async with grpc.aio.insecure_channel(
        f"{host}:{port}", options=[("grpc.enable_http_proxy", 0)]
    ) as channel:
        try:
            answer: bytes = await channel.unary_unary(CHECK)(request, timeout=probe.ONE_LOOK)
        except grpc.aio.AioRpcError as error:
            return f"{host}:{port} {CHECK} answers {error.code().name}: {error.details()}"
    return "" if SERVING in answer else f"{host}:{port} {CHECK} is not SERVING"

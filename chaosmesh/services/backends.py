"""How a stand-in calls its backends: in the protocol of each, over its own sidecar, passing context headers on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from yarl import URL

from chaosmesh.errors import UsageError
from chaosmesh.services import codes
from chaosmesh.services.answers import Outcome, error
from chaosmesh.services.asking import Ask
from chaosmesh.services.caller_grpc import GrpcCaller
from chaosmesh.services.caller_http1 import Http1Caller
from chaosmesh.services.caller_http2 import Http2Caller
from chaosmesh.services.caller_tcp import TcpCaller

Caller = Callable[[Ask, bytes], Awaitable[Outcome]]
CALLERS: dict[str, Callable[[str, URL], Caller]] = {
    "http": Http1Caller,
    "h2": Http2Caller,
    "grpc": GrpcCaller,
    "tcp": TcpCaller,
}


class Backends:
    """Kept connections to every backend's egress address."""

    def __init__(self, calls: tuple[tuple[str, str], ...]) -> None:
        self._backends = tuple((service, _caller(service, URL(url))) for service, url in calls)

    async def call(self, ask: Ask) -> tuple[Outcome, ...]:
        """Calls all of them at once; outcomes in the order of the configuration."""
        body = await ask.read()
        if len(self._backends) == 1:
            return (await _call(*self._backends[0], ask, body),)
        return tuple(await asyncio.gather(*(_call(*one, ask, body) for one in self._backends)))


async def _call(service: str, caller: Caller, ask: Ask, body: bytes) -> Outcome:
    try:
        return await caller(ask, body)
    except (OSError, ValueError) as problem:  # ValueError: what a client sent can't be sent on
        code = codes.UNAVAILABLE if isinstance(caller, GrpcCaller) else None
        return Outcome(service, 502, error(str(problem) or type(problem).__name__), code)


def _caller(service: str, url: URL) -> Caller:
    if url.scheme not in CALLERS or not url.host or not url.port:
        known = ", ".join(f"{one}://" for one in CALLERS)
        raise UsageError(
            f"{service}: {url} is no address to call", hint=f"host and port after one of {known}"
        )
    return CALLERS[url.scheme](service, url)

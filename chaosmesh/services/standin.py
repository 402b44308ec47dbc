"""The stand-in service: a small real program that calls its backends through its sidecar.

It answers every request with ``{"node", "version", "replica", "request_id", "attempt", "lineage",
"calls": [{"service", "status", "answer"}…]}``: as JSON over HTTP/1.1, HTTP/2 and TCP, as a message of
`standin.proto` over gRPC. All backends are called at once; the status of the first failing one (≥ 400), in the order
of `calls`, becomes its own. `x-standin` (see `plan`) changes what it does to one request. Health checks are answered
without calling anybody: `/ping`, and `grpc.health.v1.Health/Check`.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Mapping
from functools import partial

from chaosmesh.errors import UsageError
from chaosmesh.services.config import StandIn
from chaosmesh.services.descriptors import raise_limit_of_descriptors
from chaosmesh.services.door import Door
from chaosmesh.services.http1 import CONFIG_PATH, TOKEN_HEADER, Http1
from chaosmesh.services.http2 import Http2
from chaosmesh.services.service import Service
from chaosmesh.services.tcp import Tcp

__all__ = ["CONFIG_PATH", "TOKEN_HEADER", "StandIn", "serve"]

Make = Callable[[], asyncio.Protocol]


def serve(config: StandIn) -> None:
    """Runs until a signal ends the process; `config.listen` names the addresses."""
    raise_limit_of_descriptors()
    asyncio.run(_serve(config))


async def _serve(config: StandIn) -> None:
    loop = asyncio.get_running_loop()
    makers = _makers(Service(config))
    for host, port, protocol in config.listen:
        if protocol not in makers:
            raise UsageError(f"{config.node}: the stand-in does not speak {protocol} ({host}:{port})")
    for host, port, protocol in config.listen:
        await loop.create_server(makers[protocol], host, port, backlog=4096)
    gc.freeze()
    await loop.create_future()  # a signal ends the process, and with it its connections


def _makers(service: Service) -> Mapping[str, Make]:
    """Who takes a connection, by the protocol of the listener. Every listener can be configured over HTTP/1.1, and
    one for TCP answers in the protocol that it is spoken to in, as programs behind TCP routes do."""
    http1 = Http1(service)
    server, http2 = http1.server(), partial(Http2, service)
    return {
        "http": server,
        "http2": partial(Door, http2, http1.control("http2")),
        "grpc": partial(Door, http2, http1.control("gRPC")),
        "tcp": partial(Door, http2, server, partial(Tcp, service)),
    }

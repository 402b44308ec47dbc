"""Open-loop load through Locust, and the record of every request.

Names come on first use: the generator's process imports this package before Locust patches the standard
library, and must not have loaded asyncio (and with it ssl) by then.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chaosmesh.load.plan import (
        Closed,
        Record,
        RequestSpec,
        Stream,
        StreamReport,
        Tls,
        WorkerReport,
        request_id,
        seq_of,
        stream_of,
    )
    from chaosmesh.load.process import LoadProcess, Spawn
    from chaosmesh.load.running import Running

_HOMES = {
    "Closed": "plan",
    "LoadProcess": "process",
    "Record": "plan",
    "RequestSpec": "plan",
    "Running": "running",
    "Spawn": "process",
    "Stream": "plan",
    "StreamReport": "plan",
    "Tls": "plan",
    "WorkerReport": "plan",
    "request_id": "plan",
    "seq_of": "plan",
    "stream_of": "plan",
}

__all__ = [
    "Closed",
    "LoadProcess",
    "Record",
    "RequestSpec",
    "Running",
    "Spawn",
    "Stream",
    "StreamReport",
    "Tls",
    "WorkerReport",
    "request_id",
    "seq_of",
    "stream_of",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

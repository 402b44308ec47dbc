"""Which listener of a workload takes what users speak."""

from __future__ import annotations

from collections.abc import Mapping

from chaosmesh.errors import UsageError
from chaosmesh.load.plan import Protocol
from chaosmesh.mesh import Listener, Workload

_TAKEN_BY: Mapping[Protocol, tuple[str, ...]] = {
    "http": ("http", "http2", "grpc"),
    "http2": ("http2", "http", "grpc"),
    "grpc": ("grpc", "http2"),
    "tcp": ("tcp",),
}
"""Protocols of listeners, the fitting one first. A sidecar tells HTTP/1.1 and HTTP/2 apart by itself; what it sends on
to an application that speaks HTTP/1.1 loses the trailers that gRPC needs."""


def takes(listener: Listener, *protocols: Protocol) -> bool:
    """Whether a listener takes all of these protocols."""
    return all(listener.protocol in _TAKEN_BY[one] for one in protocols)


def front_of(workload: Workload, *protocols: Protocol) -> Listener:
    """The listener for users that speak all of these; without any the one for HTTP/1.1, else the first."""
    listeners = workload.listeners
    if not listeners:
        raise UsageError(f"{workload.name} has no listener: no request can come in there")
    if not protocols:
        return next((one for one in listeners if one.protocol == "http"), listeners[0])
    fit = [one for one in listeners if takes(one, *protocols)]
    if not fit:
        has = ", ".join(f"{one.protocol} on {one.port}" for one in listeners)
        raise UsageError(
            f"{workload.name} has no listener that takes {' and '.join(protocols)}; it has {has}",
            hint="entry= another node, or protocol= what it speaks",
        )
    return min(fit, key=lambda one: _TAKEN_BY[protocols[0]].index(one.protocol))

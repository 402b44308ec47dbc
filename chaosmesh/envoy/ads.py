"""The control plane: an aggregated discovery service whose `push` returns when the policy is in force.

Order inside a push, each step gated by the acknowledgements of the step before: clusters with their endpoints and
secrets; listeners with theirs, and routes; removals. Nothing is sent that did not change.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from chaosmesh.envoy import blame, codec, names
from chaosmesh.envoy.accesslog import AccessLogs, AccessRow
from chaosmesh.envoy.admission import Admission
from chaosmesh.envoy.barrier import Barrier, RefusedError, Resources, Sidecar
from chaosmesh.envoy.otlp import SpanService
from chaosmesh.envoy.outage import Outages, serving
from chaosmesh.envoy.rpc import grpc
from chaosmesh.envoy.snapshot import Snapshot, ground
from chaosmesh.envoy.stream import Response, Stream
from chaosmesh.errors import ChaosMeshError, Where

SERVICE: Final = "envoy.service.discovery.v3.AggregatedDiscoveryService"


@dataclass(frozen=True, slots=True)
class Push:
    """A policy that is in force: its version, how long that took, and the sidecars that changed."""

    version: int
    seconds: float
    changed: tuple[str, ...]


class ControlPlane(Outages):
    """ADS of a run on a unix socket, and its access logs on another one beside it, so that the logs live on when a
    fault takes ADS away. All methods belong to one event loop.

    Only sidecars that were admitted get in. `on_spans(sidecar, message)` gets what tracers export (`otlp.spans`).
    """

    def __init__(self) -> None:
        super().__init__()
        self.on_rows: Callable[[list[AccessRow]], None] = lambda _rows: None
        self.on_spans: Callable[[str, bytes], None] = lambda _sidecar, _message: None
        self.admission = Admission()
        self.access_logs = AccessLogs(self.admission, lambda rows: self.on_rows(rows))
        self._sidecars: dict[str, Sidecar] = {}
        self._barrier = Barrier()
        self._lock = asyncio.Lock()
        self._server: Any = None
        self._logs: Any = None
        self._queue = _Queue()
        self._version = 0

    async def start(self, socket: Path) -> None:
        """Serves on a unix socket; its path must be short (100 bytes)."""
        self._socket = socket
        spans = SpanService(self.admission, lambda sidecar, message: self.on_spans(sidecar, message))
        self._logs = await serving(
            Path(names.log_socket(str(socket))), self.access_logs.handler(), spans.handler()
        )
        self._server = await serving(socket, self._handler())

    async def stop(self) -> None:
        """Ends every stream; sidecars keep what they hold."""
        for server in (self._server, self._logs):
            if server is not None:
                await server.stop(grace=None)
        self._server = self._logs = None

    def admit(self, key: str) -> str:
        """The token with which the sidecar of that key may come, for its bootstrap; one it had before ends."""
        del self.access_logs.taken[key]
        return self.admission.admit(key)

    async def connected(self, keys: Iterable[str], timeout: float) -> None:  # noqa: ASYNC109 - part of the error's promise
        """Returns when these sidecars have a stream (DeadlineError after `timeout` seconds)."""
        await self._barrier.connected([self._sidecar(key) for key in keys], _deadline(timeout))

    async def push(
        self,
        snapshots: Mapping[str, Snapshot],
        *,
        timeout: float = 10,  # noqa: ASYNC109 - an own error says what was last seen
        places: Mapping[str, Where] | None = None,
        absent: Collection[str] = (),
    ) -> Push:
        """Returns when the snapshots are in force at every sidecar that they change.

        Pushes that wait for another one are done as one, the last snapshot of a sidecar wins. Sidecars in
        `absent` are known to be down: they are not waited for, and get theirs when they come back. A refused
        configuration is taken back everywhere and becomes a RejectedError; `places` (`translation.places`)
        lets it name the document.
        """
        turn = self._queue.add(snapshots)
        async with self._lock:
            if turn not in self._queue.outcomes:
                wanted, turns = self._queue.take()
                outcome = await self._push(wanted, timeout, places or {}, absent)
                self._queue.outcomes.update(dict.fromkeys(turns, outcome))
        result = self._queue.outcomes.pop(turn)
        if isinstance(result, ChaosMeshError):
            raise result
        return result

    def forget(self, keys: Iterable[str]) -> None:
        """These sidecars were stopped; one of the same name that comes later starts from nothing."""
        gone = tuple(keys)
        self.admission.forget(gone)
        for key in gone:
            self._sidecars.pop(key, None)

    def state(self) -> dict[str, dict[str, str]]:
        """What was last seen of every sidecar, by kind of resource."""
        return {
            key: {"stream": "connected" if one.stream else one.history}
            | {kind: one.stream.seen(kind) for kind in codec.KINDS if one.stream}
            for key, one in self._sidecars.items()
        }

    async def _push(
        self,
        snapshots: Mapping[str, Snapshot],
        within: float,
        places: Mapping[str, Where],
        absent: Collection[str],
    ) -> Push | ChaosMeshError:
        started = time.monotonic()
        changed = {key: new for key, new in snapshots.items() if self._sidecar(key).good != new}
        if changed and self.outage:
            return self._refuse()
        deadline = _deadline(within)
        try:
            first = {key: ground(self._sidecar(key).good, new) for key, new in changed.items()}
            if first != changed:
                await self._apply(first, deadline, absent)
            await self._apply(changed, deadline, absent)
        except RefusedError as error:
            culprit = self._sidecar(error.key)
            rejected = blame.explain(error, culprit.good, changed[error.key], places)
            await self._take_back(changed, within, absent)
            return rejected
        except ChaosMeshError as error:
            for one in map(self._sidecar, changed):
                one.want(**one.encode(one.good))  # who comes late must not get what was given up
            return error
        for key, new in changed.items():
            sidecar = self._sidecar(key)
            sidecar.encoded, sidecar.good = sidecar.wanted, new
        self._version += 1
        return Push(self._version, time.monotonic() - started, tuple(sorted(changed)))

    async def _take_back(self, changed: Iterable[str], within: float, absent: Collection[str]) -> None:
        """The last good configuration comes back; if even that fails the first error tells more."""
        with suppress(ChaosMeshError):
            await self._apply({key: self._sidecar(key).good for key in changed}, _deadline(within), absent)

    async def _apply(
        self, snapshots: Mapping[str, Snapshot], deadline: float, absent: Collection[str]
    ) -> None:
        """Make, switch, break; each step waits only for the sidecars that it touches."""
        targets = {self._sidecar(key): None for key in snapshots}
        encoded = {one: one.encode(snapshots[one.key]) for one in targets}
        present = [one for one in targets if one.key not in absent]
        for one, new in encoded.items():
            asked = snapshots[one.key].secrets_of_clusters()
            first = {name: secret for name, secret in new["secrets"].items() if name in asked}
            one.want(**_union(one.wanted, new, "clusters", "endpoints"), secrets=first)
        await self._barrier.in_force(present, ("clusters", "endpoints", "secrets"), deadline)
        for one, new in encoded.items():
            # Route tables need no union: one that is not told any more stays with the listeners that use it.
            one.want(secrets=new["secrets"], listeners=new["listeners"], routes=new["routes"])
        await self._barrier.in_force(present, ("secrets", "listeners", "routes"), deadline)
        for one, new in encoded.items():
            one.want(**new)
        await self._barrier.in_force(present, codec.KINDS, deadline)

    def _sidecar(self, key: str) -> Sidecar:
        return self._sidecars.setdefault(key, Sidecar(key))

    def _handler(self) -> Any:
        method = grpc.stream_stream_rpc_method_handler(
            self._serve,
            request_deserializer=codec.message("envoy.service.discovery.v3.DiscoveryRequest").FromString,
            response_serializer=bytes,
        )
        return grpc.method_handlers_generic_handler(SERVICE, {"StreamAggregatedResources": method})

    async def _serve(self, requests: Any, context: Any) -> None:
        """One sidecar's stream, from its first request on. A new stream of a sidecar replaces the old one."""
        stream, sidecar, writer = Stream(), None, None
        key = await self.admission.enter(context, "configuration")
        try:
            async for request in requests:
                if sidecar is None:
                    await self.admission.same(context, "configuration", key, request.node.id)
                    sidecar = self._sidecar(request.node.id)
                    sidecar.stream, sidecar.wake = stream, asyncio.Event()
                    writer = asyncio.create_task(_write(sidecar, stream, context))
                kind = codec.kind_of(request.type_url)
                if kind is not None:
                    stream.receive(kind, request)
                    sidecar.wake.set()
                self._barrier.touch(sidecar.key)
        finally:
            if writer is not None:
                writer.cancel()
            if sidecar is not None and sidecar.stream is stream:
                sidecar.stream, sidecar.history = None, f"its stream ended at {time.strftime('%H:%M:%S')}"
                self._barrier.touch(sidecar.key)


class _Queue:
    """Pushes that wait for their turn, merged."""

    def __init__(self) -> None:
        self.outcomes: dict[int, Push | ChaosMeshError] = {}
        self._waiting: dict[str, Snapshot] = {}
        self._turns: list[int] = []
        self._last = 0

    def add(self, snapshots: Mapping[str, Snapshot]) -> int:
        self._waiting.update(snapshots)
        self._last += 1
        self._turns.append(self._last)
        return self._last

    def take(self) -> tuple[dict[str, Snapshot], list[int]]:
        taken = self._waiting, self._turns
        self._waiting, self._turns = {}, []
        return taken


async def _write(sidecar: Sidecar, stream: Stream, context: Any) -> None:
    """Sends what is owed, whenever something may be; what changes meanwhile is sent in one go."""
    with suppress(grpc.aio.UsageError, grpc.aio.AioRpcError):
        while True:
            await sidecar.wake.wait()
            sidecar.wake.clear()
            for response in stream.due(sidecar.wanted):
                await context.write(_bytes(response))


def _bytes(response: Response) -> bytes:
    url = codec.type_url(response.kind)
    message = codec.message("envoy.service.discovery.v3.DiscoveryResponse")(
        version_info=response.nonce, type_url=url, nonce=response.nonce
    )
    for one in response.resources.values():
        message.resources.add(type_url=url, value=one.value)
    return bytes(message.SerializeToString())


def _union(old: Resources, new: Resources, *kinds: codec.Kind) -> Any:
    return {kind: {**old.get(kind, {}), **new[kind]} for kind in kinds}


def _deadline(timeout: float) -> float:
    return asyncio.get_running_loop().time() + timeout

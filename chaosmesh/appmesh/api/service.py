"""The service: calls in, answers out, and every change in force before its answer."""

from __future__ import annotations

import asyncio
import json
import sys
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from chaosmesh.appmesh.api import bodies
from chaosmesh.appmesh.api.failures import ApiError, not_published
from chaosmesh.appmesh.api.operations import READS, Call, routed
from chaosmesh.appmesh.api.records import State
from chaosmesh.appmesh.api.store import Store, running
from chaosmesh.appmesh.resources import Resources
from chaosmesh.errors import ChaosMeshError

if TYPE_CHECKING:
    from chaosmesh.appmesh.api.http import Server


class Publisher(Protocol):
    """Puts resources in force on the mesh that runs."""

    async def publish(self, resources: Resources) -> None:
        """Returns once they are in force. Raises ChaosMeshError if that can't be; the service then publishes
        what was in force before."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer: a status, the headers that matter, a JSON body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Service:
    """The App Mesh API over one store. Changes come one at a time; reads never wait for one."""

    def __init__(self, store: Store, publisher: Publisher, *, log: TextIO | None = None) -> None:
        self.store = store
        self._publisher = publisher
        self._log = log
        self._changes = asyncio.Lock()
        self._server: Server | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listens, on a free port if none is given, and returns the URL for `--endpoint-url`."""
        from chaosmesh.appmesh.api.http import Server  # aiohttp takes longer to import than `--help` may take

        self._server = await Server.listening(self, host, port)
        return self._server.url

    async def stop(self) -> None:
        """Ends listening; calls that are under way are answered first."""
        if self._server:
            await self._server.close()
            self._server = None

    async def reply(self, method: str, target: str, body: bytes) -> Reply:
        """The answer to one HTTP request; `target` is the request line's path and query as they came."""
        try:
            call = routed(method, target)
            return _reply(200, await self.answer(_with_body(call, body)))
        except ApiError as error:
            return refused(error)
        except Exception as error:  # noqa: BLE001  a bug of ours must not look like the network's
            self._say(f"{method} {target.partition('?')[0]}: {_place(error)}")
            said = f"chaosmesh failed: {type(error).__name__}; its standard error says where"
            return refused(ApiError("InternalServerErrorException", said))

    async def answer(self, call: Call, *, if_still: Callable[[], None] = lambda: None) -> Mapping[str, Any]:
        """The answer of one call; a change is in force when this returns. Raises ApiError.

        `if_still` is called when its turn has come and may raise what keeps the change from being made.
        """
        if call.verb in READS:
            return self.store.read(call)
        async with self._changes:
            if_still()
            change = self.store.plan(call)
            try:
                await self._put_in_force(change.state)
            except ChaosMeshError as error:
                raise not_published(error) from error
            return change.answer

    async def saved(self, resources: Resources) -> None:
        """Takes over documents that were saved again (`up --watch`); in force when this returns.

        What left the documents goes; what calls created or updated stays unless the documents hold it too.
        Raises ChaosMeshError, and then nothing is changed.
        """
        async with self._changes:
            await self._put_in_force(self.store.saved(resources))

    async def _put_in_force(self, state: State) -> None:
        before, after = running(self.store.state), running(state)
        if before != after:
            try:
                await self._publisher.publish(after)
            except Exception:
                await self._take_back(before)
                raise
        self.store.commit(state)

    async def _take_back(self, before: Resources) -> None:
        try:
            await self._publisher.publish(before)
        except ChaosMeshError as error:
            self._say(f"what was in force before could not be put back: {error}")

    def _say(self, text: str) -> None:
        print(f"App Mesh API: {text}", file=self._log or sys.stderr, flush=True)


def _with_body(call: Call, body: bytes) -> Call:
    if call.verb in READS or call.verb == "Delete":
        return call
    return Call(call.verb, call.kind, call.mesh, call.parent, call.name, call.query, bodies.parsed(body))


def refused(error: ApiError) -> Reply:
    """An error as clients of a REST-JSON service read it."""
    content = {"__type": error.kind, "message": error.message}
    return _reply(error.status, content, {"x-amzn-ErrorType": error.kind})


def _reply(status: int, content: Mapping[str, Any], headers: Mapping[str, str] = {}) -> Reply:
    return Reply(
        status,
        {"Content-Type": "application/json", "x-amzn-RequestId": str(uuid.uuid4()), **headers},
        json.dumps(content).encode(),
    )


def _place(error: Exception) -> str:
    """An unexpected error in one line, with the place that raised it."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "?"
    return f"{type(error).__name__} at {place}: {error}"

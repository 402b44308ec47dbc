"""One request to a running mesh, and who answered it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession, ClientTimeout
from yarl import URL

from chaosmesh.engine.stack import Stack
from chaosmesh.envoy import AccessRow
from chaosmesh.ledger import Call

from .stage import Stage

PATIENCE = 120.0
"""Seconds that no answer takes, however busy the host."""


@dataclass(frozen=True)
class Told:
    """An answer. `node` is whose stand-in gave it, "" where a sidecar answered by itself."""

    status: int
    body: Any
    request_id: str = ""

    @property
    def node(self) -> str:
        return self.body.get("node", "") if isinstance(self.body, dict) else ""

    @property
    def color(self) -> str:
        """The node's name without its namespace, and without what says that it is a node."""
        return self.node.partition("_")[0].removesuffix("-node")


def ask(
    stage: Stage,
    entry: str,
    path: str = "/",
    headers: Mapping[str, str] = {},
    *,
    method: str = "GET",
    port: int | None = None,
) -> Told:
    """A user's request at a workload's door."""
    url = URL(stage.stack.entry_url(entry))
    return stage.run(fetch(url.with_port(port or url.port), path, headers, method))


def call(stage: Stage, client: str, service: str, path: str = "/", headers: Mapping[str, str] = {}) -> Told:
    """A call that the client's application makes, over HTTP/1.1."""
    url = URL(stage.stack.egress_url(client, service))
    return stage.run(fetch(url, path, {"host": service, **headers}))


async def fetch(url: URL, path: str, headers: Mapping[str, str], method: str = "GET") -> Told:
    """One HTTP request on a connection of its own."""
    identity = str(uuid.uuid4())
    target = URL(f"{url.origin()}{path}", encoded=True)
    async with (
        ClientSession(timeout=ClientTimeout(PATIENCE)) as http,
        http.request(method, target, headers={"x-request-id": identity, **headers}) as answer,
    ):
        text = await answer.text()
    return Told(answer.status, json.loads(text) if text.startswith("{") else text, identity)


def call_of(stage: Stage, told: Told, client: str, service: str | None = None) -> Call:
    """The one call that a client made in a request, as soon as all its rows are in."""

    def found() -> list[Call]:
        calls = stage.stack.ledger.calls(client=client, service=service)
        return [one for one in calls if one.request_id == told.request_id and one.complete]

    _wait(stage, lambda: "" if found() else f"no complete call of {client}")
    (one,) = found()
    return one


def row_of(stage: Stage, told: Told, node: str, side: str) -> AccessRow:
    """The one row of a request that a node's sidecar wrote, of what came in ("ingress") or went out ("egress")."""

    def found() -> list[AccessRow]:
        return [
            row
            for row in stage.stack.ledger.rows
            if (row.request_id, row.side, row.attempt_row) == (told.request_id, side, False)
            and row.sidecar.startswith(f"{node}.")
        ]

    _wait(stage, lambda: "" if found() else f"none of {node}, {side}")
    (row,) = found()
    return row


def _wait(stage: Stage, missing: Callable[[], str]) -> None:
    stage.run(stage.stack.bell.until(missing, seconds=60, what="rows of a request"))


async def counters(stack: Stack, node: str, pattern: str, replica: int = 0) -> dict[str, int]:
    """Counters and gauges of a sidecar whose names match, by the last part of their names."""
    sidecar = stack.topology.replicas_of(node)[replica].sidecar
    url = URL(f"http://{sidecar}:9901/stats").with_query(format="json", filter=pattern)
    async with ClientSession() as http, http.get(url) as answer:
        found = (await answer.json(content_type=None))["stats"]
    return {one["name"].rpartition(".")[2]: one["value"] for one in found if "value" in one}

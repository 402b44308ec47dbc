"""Metrics of a running mesh. Nothing is counted, and no server runs, until somebody asks for it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaosmesh.documents.metrics_part import Prometheus
from chaosmesh.engine.metrics.ground import Ground
from chaosmesh.engine.metrics.targets import OWN_PORT, targets
from chaosmesh.envoy import AccessRow, Push
from chaosmesh.errors import ChaosMeshError
from chaosmesh.ledger import Ledger
from chaosmesh.load import Record, Stream
from chaosmesh.runtime import workdir
from chaosmesh.runtime.prometheus import Answer, Client, QueryError, Server, Target

if TYPE_CHECKING:
    from chaosmesh.engine.metrics.counting import Counting
    from chaosmesh.engine.metrics.endpoint import Endpoint

FOLDER = "prometheus"
BEFORE = 2
"""Scrapes before the time that is kept: what a counter stood at is what it rose from."""


class Metrics:
    """`start` once, and again for nothing; what happened before is not counted. `wanted`: with the mesh itself, not only
    when a claim needs it. `interval`: seconds between two scrapes."""

    def __init__(self, ground: Ground, part: Prometheus, say: Callable[[str], None]) -> None:
        self.wanted = part.enabled
        self.interval = part.interval
        self._ground = ground
        self._say = say
        self._starting = asyncio.Lock()
        self._server: Server | None = None
        self._endpoint: Endpoint | None = None
        self._counting: Counting | None = None
        self._ever: dict[Target, None] = {}
        self._began = 0.0
        self._main = ""

    @property
    def url(self) -> str | None:
        """Of the server; None while there is none."""
        return self._server.url if self._server else None

    @property
    def client(self) -> Client:
        """For questions of any kind; needs a server."""
        return self._running.client

    def require(self) -> None:
        """MissingProgramError where a server is wanted and not installed."""
        if self.wanted:
            self._ground.prometheus_hands.require()

    async def start(self) -> None:
        """Returns when a server runs that has scraped everything. MissingProgramError when it is not installed."""
        async with self._starting:
            if self._server is None:
                await self._start()

    async def _start(self) -> None:
        from chaosmesh.engine.metrics.counting import Counting  # what they stand on takes long to load
        from chaosmesh.engine.metrics.endpoint import Endpoint

        hands = self._ground.prometheus_hands
        hands.require()
        server = Server(hands, workdir(self._ground.run) / FOLDER, self.interval)
        counting = Counting(self._ground)
        endpoint = Endpoint(counting.pages())
        await endpoint.start(hands.main, OWN_PORT)
        self._counting = counting
        self._main = hands.main
        self._began = time.time()
        try:
            await server.start(self._wanted())
        except BaseException:
            self._counting = None
            await server.stop()
            await endpoint.close()
            raise
        self._server, self._endpoint = server, endpoint

    def _wanted(self) -> tuple[Target, ...]:
        found = targets(self._ground.mesh, self._ground.topology, self._main)
        self._ever |= dict.fromkeys(found)
        return found

    async def follow(self) -> None:
        """Replicas have come or gone."""
        if self._server is None:
            return
        before = {one.address for one in self._server.targets}
        new = await self._server.follow(self._wanted())
        for one in new:
            if one.address not in before:
                self._say(f"Prometheus scrapes a new target: {one}")

    # -- what is counted -----------------------------------------------------------------------------------

    def saw_rows(self, rows: list[AccessRow]) -> None:
        """Entries of access logs came in."""
        if self._counting is not None:
            self._counting.targets.add(rows, self._ground.ledger.addresses)

    def began(self, stream: Stream) -> None:
        """A stream is about to send."""
        if self._counting is not None:
            self._counting.requests.begin(stream)

    def saw_records(self, stream: Stream, records: list[Record]) -> None:
        """Requests of a stream have ended."""
        if self._counting is not None:
            self._counting.requests.add(stream, records)

    def saw_push(self, push: Push) -> None:
        """A policy is in force."""
        if self._counting is not None:
            self._counting.policy.add(push)

    # -- questions -----------------------------------------------------------------------------------------

    async def check(self, query: str) -> None:
        """UsageError for what is no PromQL; needs a server."""
        await self.client.check(query)

    async def scraped(self, *, rules: bool = False) -> float:
        """Returns when everything that has happened is in the server; epoch seconds at which it can be asked for."""
        return await self._running.scraped(time.time(), rules=rules)

    async def value(self, query: str, at: float) -> Answer:
        """The one number that a query gives at a time (epoch seconds)."""
        return await self.client.value(query, at)

    @property
    def _running(self) -> Server:
        if self._server is None:
            raise RuntimeError("no Prometheus server was started")
        return self._server

    # -- what is kept --------------------------------------------------------------------------------------

    async def keep(self, folder: Path, begin: float = 0.0, ledger: Ledger | None = None) -> None:
        """Write what was scraped since `begin` (epoch seconds; 0: all of it), the lines for CloudWatch and the dashboard
        into a run folder. Response times are those of `ledger` (default: the present one). Nothing without a server."""
        from chaosmesh.engine.metrics import dump, emf, grafana

        if self._server is None:
            return
        since = max(self._began, begin - BEFORE * self.interval)
        end = await self._server.scraped(time.time(), rules=True)
        series = await dump.dump(self._server.client, self._ever, since, end, folder)
        calls = (ledger or self._ground.ledger).calls()
        lines = emf.lines(self._ground.mesh, series, calls, since)
        (folder / emf.FILE).write_text("".join(f"{one}\n" for one in lines), encoding="utf-8")
        _write_json(folder / grafana.FILE, grafana.dashboard(f"chaosmesh: {self._ground.mesh.name}"))

    async def close(self, folder: Path | None = None) -> None:
        """Keeps what was scraped in `folder` and ends the server. Harmless without one."""
        if self._server is None:
            return
        if folder is not None:
            try:
                await self.keep(folder)
            except (ChaosMeshError, QueryError, OSError) as error:
                self._say(f"metrics could not be kept: {error}")
        server, self._server = self._server, None
        endpoint, self._endpoint = self._endpoint, None
        self._counting = None
        await server.stop()
        if endpoint is not None:
            await endpoint.close()


def _write_json(file: Path, body: Any) -> None:
    file.write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

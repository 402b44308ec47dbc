"""The spans of a running mesh: who makes them, where they are taken, and where they go."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final, Literal

from chaosmesh.documents.scenario import Scenario
from chaosmesh.documents.tracing_part import address_of
from chaosmesh.engine.collector import Collector
from chaosmesh.envoy import Snapshot
from chaosmesh.envoy.tracing import DAEMON_PORT, Provider, Tracing, traced
from chaosmesh.envoy.xray import Daemon
from chaosmesh.errors import DeadlineError, EnvironmentFailedError
from chaosmesh.ledger import Ledger
from chaosmesh.ledger.spans import Spans, SpanSource
from chaosmesh.mesh import Mesh, Topology
from chaosmesh.runtime import probe
from chaosmesh.runtime.kinds import Kind

Choice = Literal["otel", "xray", "off"]
CHOICES: Final = ("otel", "xray", "off")
PATIENCE: Final = 2.0
"""Seconds for the last spans: a sidecar sends what it has each 0.2 s."""


class Traces:
    """Off unless the scenario or `choice` (which wins) names a tracer. `spans` is where they go just now."""

    def __init__(self, scenario: Scenario, choice: Choice | None, spans: Callable[[], SpanSource]) -> None:
        part = scenario.tracing
        written: Provider | None = part.provider if part else None
        self.provider: Provider | None = None if choice == "off" else choice or written
        self.tracing: Tracing | None = None
        self._spans = spans
        address = part.collector if part and self.provider else None
        self.collector = Collector(address_of(address)) if address else None
        self._daemon: Daemon | None = None

    async def start(self, host: str) -> None:
        """Ready for spans. `host` is the address at which X-Ray segments are taken."""
        if self.provider is None:
            return
        self.tracing = Tracing(self.provider, host)
        if self.collector is not None:
            self.collector.start()
        if self.provider == "xray":
            try:
                self._daemon = await Daemon.start(host, lambda segment: self._take("xray", "", segment))
            except OSError as error:
                raise EnvironmentFailedError(
                    f"X-Ray segments can't be taken at {host}:{DAEMON_PORT}: {error.strerror}",
                    hint="end what listens there, or use --traces otel",
                ) from error

    async def stop(self) -> None:
        """Takes no more; what waits for the collector still goes out."""
        if self._daemon is not None:
            self._daemon.close()
        if self.collector is not None:
            await self.collector.close()

    def exported(self, sidecar: str, message: bytes) -> None:
        """A sidecar's OpenTelemetry tracer sent this."""
        if self.provider == "otel":
            self._take("otel", sidecar, message)

    def attached(self, snapshots: dict[str, Snapshot], mesh: Mesh, topology: Topology) -> dict[str, Snapshot]:
        """The same snapshots, with the tracer in them if there is one."""
        if self.tracing is None:
            return snapshots
        replicas = {one.key: one for one in topology.replicas}
        return {key: traced(one, mesh, replicas[key], self.tracing) for key, one in snapshots.items()}

    async def complete(self, ledger: Ledger, running: Iterable[str]) -> None:
        """Returns when the last request of each sidecar (by key) that runs has its spans too, or after PATIENCE."""
        spans = ledger.spans
        if self.provider is None or not isinstance(spans, Spans):
            return
        last = {
            key: request
            for key, request in _last(ledger, frozenset(running)).items()
            if not any(one.sidecar == key for one in spans.of(request))
        }

        async def look() -> str:
            return ", ".join(key for key, request in last.items() if not spans.came(key, request))

        with suppress(DeadlineError):  # a request that its sender did not want to be traced has none
            await probe.until("the last spans", look, within=PATIENCE)

    def notes(self) -> list[str]:
        """What the user should know at the end."""
        found = [self.collector.note()] if self.collector else []
        if self._daemon is not None and (self._daemon.lost or self._daemon.refused):
            found.append(
                f"traces: {self._daemon.lost:,} segments were lost on their way (UDP), "
                f"{self._daemon.refused:,} datagrams were none of X-Ray's"
            )
        return found

    def _take(self, provider: Provider, sidecar: str, message: bytes) -> None:
        if isinstance(spans := self._spans(), Spans):
            spans.add(provider, sidecar, message)
        if self.collector is not None:
            self.collector.offer(provider, message)


def segments_at(kind: Kind, subnet: str) -> str:
    """The address of this machine at which a run's sidecars find the X-Ray daemon: beside the other servers of the
    run, or where containers see this machine."""
    return f"{subnet}.0.254" if kind == "docker" else f"{subnet}.0.4"


def _last(ledger: Ledger, running: frozenset[str]) -> dict[str, str]:
    """The last request of each sidecar, by the end of its row."""
    ends: dict[str, tuple[float, str]] = {}
    for row in ledger.rows:
        if row.tcp or row.attempt_row or row.sidecar not in running or not row.request_id:
            continue
        end = row.start_ns + row.duration_ms * 1e6
        if end > ends.get(row.sidecar, (0.0, ""))[0]:
            ends[row.sidecar] = (end, row.request_id)
    return {key: request for key, (_, request) in ends.items()}

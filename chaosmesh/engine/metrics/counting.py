"""What this process counts for Prometheus: users' requests, pushes of policy, faults in force."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from chaosmesh.engine.metrics.appmesh import TargetCounts
from chaosmesh.engine.metrics.ground import Ground
from chaosmesh.engine.metrics.histogram import Histogram
from chaosmesh.envoy import Push
from chaosmesh.ledger.faults import FaultEvent, windows
from chaosmesh.load import Record, Stream
from chaosmesh.runtime import procs

LATENCY_S = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
LAG_S = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 1.0)
ACK_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0)

Kind = tuple[str, str, str, str]
"""Stream, status, grpc-status, outcome."""


class Requests(Collector):
    """The generator's record: requests by stream and status, latency from the intended time, its own lag."""

    def __init__(self, cpu_seconds: Callable[[], float]) -> None:
        self._ended: Counter[Kind] = Counter()
        self._latency: dict[str, Histogram] = defaultdict(lambda: Histogram(LATENCY_S))
        self._lag = Histogram(LAG_S)
        self._cpu_seconds = cpu_seconds

    def begin(self, stream: Stream) -> None:
        """A stream is about to send; it is there from the start, so that nothing begins at 1."""
        self._latency[stream.name].total += 0.0
        self._ended[stream.name, "200", "", "success"] += 0

    def add(self, stream: Stream, records: Iterable[Record]) -> None:
        """Requests that have ended."""
        latency, lag = self._latency[stream.name], self._lag
        for one in records:
            grpc = "" if one.grpc_status is None else str(one.grpc_status)
            outcome = "success" if one.ok else "failure"
            self._ended[stream.name, str(one.status) if one.status else "none", grpc, outcome] += 1
            if one.status:
                latency.add(one.latency_ms / 1000)
            else:
                latency.beyond(one.latency_ms / 1000)
            lag.add(one.lag_ms / 1000)

    def collect(self) -> Iterator[Metric]:
        """For prometheus-client."""
        ended = CounterMetricFamily(
            "chaosmesh_requests",
            "Requests of the generator that have ended. status none: no answer. outcome: success is a status below "
            "500, of gRPC 0.",
            labels=("stream", "status", "grpc_status", "outcome"),
        )
        for kind, count in self._ended.items():
            ended.add_metric(kind, count)
        yield ended
        yield _family(
            "chaosmesh_request_seconds",
            "From the time at which a request was meant to be sent to its answer. No answer: above every bound.",
            self._latency,
            "stream",
        )
        yield _family(
            "chaosmesh_generator_lag_seconds", "How late the generator took a request up.", {"": self._lag}
        )
        yield CounterMetricFamily(
            "chaosmesh_generator_cpu_seconds", "CPU time of the generator.", value=self._cpu_seconds()
        )


class Policy(Collector):
    """Pushes of policy, and the faults in force."""

    def __init__(self, faults: Callable[[], Iterable[FaultEvent]]) -> None:
        self._faults = faults
        self._seconds = Histogram(ACK_S)
        self._changed = 0

    def add(self, push: Push) -> None:
        """A policy is in force."""
        self._seconds.add(push.seconds)
        self._changed += len(push.changed)

    def collect(self) -> Iterator[Metric]:
        """For prometheus-client."""
        yield _family(
            "chaosmesh_push_seconds", "Until every sidecar had acknowledged a policy.", {"": self._seconds}
        )
        yield CounterMetricFamily(
            "chaosmesh_pushed_sidecars", "Sidecars that a policy changed.", value=self._changed
        )
        force = GaugeMetricFamily(
            "chaosmesh_fault_in_force",
            "1 while a fault is in force, 0 when it was healed.",
            labels=("fault", "kind", "target"),
        )
        for (fault, kind, target), on in sorted(self._in_force().items()):
            force.add_metric((fault, kind, target), float(on))
        yield force

    def _in_force(self) -> dict[tuple[str, str, str], bool]:
        found: dict[tuple[str, str, str], bool] = {}
        for one in windows(self._faults()):
            key = (one.fault, one.kind, one.target)
            found[key] = found.get(key, False) or one.end_ns is None
        return found


class Counting:
    """Everything that is counted while a server runs, and the pages on which it finds that."""

    def __init__(self, ground: Ground) -> None:
        self.requests = Requests(lambda: sum(map(_cpu_seconds, ground.generators.pids())))
        self.policy = Policy(lambda: ground.ledger.faults)
        self.targets = TargetCounts()
        self._ground = ground

    def pages(self) -> dict[str, Callable[[], str]]:
        """A text in Prometheus' format by its path."""
        return {
            "/metrics": lambda: exposed(self.policy) + self.targets.text(self._ground.mesh),
            "/generator": lambda: exposed(self.requests),
        }


def _cpu_seconds(pid: int) -> float:
    """User and system time of a process; 0 once it has ended."""
    try:
        return procs.cpu_seconds(pid)
    except OSError:
        return 0.0


def exposed(collector: Collector) -> str:
    """In Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    return generate_latest(registry).decode()


def _family(
    name: str, about: str, histograms: dict[str, Histogram], label: str = ""
) -> HistogramMetricFamily:
    family = HistogramMetricFamily(name, about, labels=(label,) if label else ())
    for value, one in histograms.items():
        bounds = [*map(str, map(float, one.bounds)), "+Inf"]
        pairs = list(zip(bounds, accumulate(one.counts), strict=True))
        family.add_metric((value,) if label else (), pairs, one.total)
    return family

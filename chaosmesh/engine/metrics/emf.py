"""App Mesh's metrics as CloudWatch takes them: lines in the embedded metric format (EMF), one second each.

Rules of the format: CloudWatch user guide, "Specification: Embedded metric format": at most 30 dimensions in a set and
100 metrics in a directive, a metric's value is a number or an array of at most 100, dimensions are strings in the root.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from chaosmesh.engine.metrics.targets import owner
from chaosmesh.ledger import Call
from chaosmesh.mesh import Mesh
from chaosmesh.runtime.prometheus import Series
from chaosmesh.runtime.prometheus.rules import PREFIX

FILE = "emf.ndjson"
NAMESPACE = "chaosmesh"
RESOLUTION = 1  # seconds: CloudWatch's high resolution
MOST_VALUES = 100
DIMENSIONS = ("Mesh", "VirtualNode", "VirtualGateway", "TargetVirtualService", "TargetVirtualNode")
GAUGES = frozenset({f"{PREFIX}ActiveConnectionCount"})
TIME = f"{PREFIX}TargetResponseTime"

Dimensions = tuple[tuple[str, str], ...]
Key = tuple[int, Dimensions]
"""Epoch second, dimensions with their values."""


def lines(mesh: Mesh, series: Iterable[Series], calls: Iterable[Call], begin: float) -> Iterator[str]:
    """A JSON text for each second and set of dimensions in which something was counted.

    `series`: App Mesh's metrics as they were scraped; a counter that is not there yet after `begin` (epoch seconds) is
    at 0. `calls`: response times come from the ledger, where each is exact.
    """
    counts = _counts(series, begin)
    times = _times(mesh, calls)
    for key in sorted({*counts, *times}):
        values: dict[str, float | list[float]] = dict(sorted(counts.get(key, {}).items()))
        taken = times.get(key, [])
        if taken:
            values[TIME] = taken[:MOST_VALUES]
        if any(values.values()):
            yield _line(key, values)
        for first in range(MOST_VALUES, len(taken), MOST_VALUES):
            yield _line(key, {TIME: taken[first : first + MOST_VALUES]})


def _line(key: Key, values: Mapping[str, float | list[float]]) -> str:
    second, dimensions = key
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [[name for name, _ in dimensions]],
        "Metrics": [{"Name": name, "Unit": _unit(name), "StorageResolution": RESOLUTION} for name in values],
    }
    body: dict[str, Any] = {"_aws": {"Timestamp": second * 1000, "CloudWatchMetrics": [directive]}}
    return json.dumps({**body, **dict(dimensions), **values}, ensure_ascii=False)


def _unit(name: str) -> str:
    if name == TIME:
        return "Milliseconds"
    return "Bytes" if name.endswith("Bytes") else "Count"


def _counts(series: Iterable[Series], begin: float) -> dict[Key, dict[str, float]]:
    """What each second brought, of all replicas together."""
    found: dict[Key, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for one in series:
        name = one.labels["__name__"]
        if name.startswith(TIME):
            continue
        dimensions = tuple((key, one.labels[key]) for key in DIMENSIONS if one.labels.get(key))
        steps = _last(one) if name in GAUGES else _rises(one, begin)
        for second, value in steps:
            found[second, dimensions][name] += value
    return found


def _last(series: Series) -> Iterator[tuple[int, float]]:
    yield from {int(at): value for at, value in series.samples}.items()


def _rises(series: Series, begin: float) -> Iterator[tuple[int, float]]:
    """What a counter grew by; after a restart it begins at 0 again."""
    before: float | None = None if series.samples and series.samples[0][0] <= begin + 2 else 0.0
    for at, value in series.samples:
        if before is not None:
            yield int(at), value - before if value >= before else value
        before = value


def _times(mesh: Mesh, calls: Iterable[Call]) -> dict[Key, list[float]]:
    """Milliseconds of every attempt that was answered."""
    found: dict[Key, list[float]] = defaultdict(list)
    for call in calls:
        if call.tcp:
            continue
        for one in call.attempts:
            if one.server and one.status:
                target = (("TargetVirtualService", call.service), ("TargetVirtualNode", one.server))
                key = (one.end_ns // 1_000_000_000, (*owner(mesh, call.client), *target))
                found[key].append(round(one.duration_ms, 3))
    return found

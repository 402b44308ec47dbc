"""What a server knew, as a file of the run folder: every sample as it was scraped.

`metrics.parquet` has a row a sample: `name`, `labels` (a JSON object, sorted), `at_ms` (epoch) and `value`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from chaosmesh.engine.absent import LATEST, absent
from chaosmesh.engine.metrics.text import labelled, number
from chaosmesh.errors import UsageError
from chaosmesh.runtime.prometheus import Client, Series, Target

FILE = "metrics.parquet"
CHUNK_S = 120.0
"""Seconds of one target that are asked for at a time: some megabytes of JSON."""
SCHEMA = pa.schema(
    [("name", pa.string()), ("labels", pa.string()), ("at_ms", pa.int64()), ("value", pa.float64())]
)


async def dump(
    client: Client, targets: Iterable[Target], begin: float, end: float, folder: Path
) -> list[Series]:
    """Write everything that was scraped after `begin` up to `end` (epoch seconds); those of App Mesh's names."""
    kept: list[Series] = []
    target = folder / FILE
    with pq.ParquetWriter(target, SCHEMA, compression="zstd") as writer:
        async for chunk in _chunks(client, targets, begin, end):
            writer.write_table(_table(chunk))
            kept += [one for one in chunk if one.labels.get("__name__", "").startswith("envoy_appmesh_")]
    return kept


def read(folder: Path) -> list[Series]:
    """Every series of a run folder, by name and labels; UsageError where there is none."""
    file = folder / FILE
    if not folder.is_dir() or (folder / LATEST).is_dir():
        raise absent(folder, FILE)
    if not file.is_file():
        raise UsageError(
            f"{folder} has no {FILE}",
            hint="metrics are kept of runs with a Prometheus server: verify --prometheus, or a claim in PromQL",
        )
    table = pq.read_table(file).sort_by(
        [("name", "ascending"), ("labels", "ascending"), ("at_ms", "ascending")]
    )
    return list(_joined(zip(*(table[name].to_pylist() for name in SCHEMA.names), strict=True)))


def openmetrics(series: Iterable[Series]) -> Iterator[str]:
    """Lines of OpenMetrics text with times, fit for `promtool tsdb create-blocks-from openmetrics`.

    What a metric is was not kept: each is `unknown`, which changes nothing for queries.
    """
    last = None
    for one in series:
        labels = dict(one.labels)
        name = labels.pop("__name__")
        if name != last:
            yield f"# TYPE {name} unknown\n"
            last = name
        text = labelled(sorted(labels.items()))
        for at, value in one.samples:
            yield f"{name}{text} {number(value)} {at:.3f}\n"
    yield "# EOF\n"


async def _chunks(
    client: Client, targets: Iterable[Target], begin: float, end: float
) -> AsyncIterator[list[Series]]:
    own = [f'{{job="{one.job}",instance="{one.address}"}}' for one in dict.fromkeys(targets)]
    for selector in [*own, '{__name__=~".+",job=""}']:
        since = begin
        while since < end:
            until = min(since + CHUNK_S, end)
            found = await client.raw(selector, since, until)
            yield [_after(one, since) for one in found]
            since = until


def _after(series: Series, begin: float) -> Series:
    """Both ends of a range belong to it, and would be there twice."""
    return Series(series.labels, tuple(one for one in series.samples if one[0] > begin))


def _table(series: Iterable[Series]) -> pa.Table:
    names: list[str] = []
    labels: list[str] = []
    times: list[int] = []
    values: list[float] = []
    for one in series:
        rest = dict(one.labels)
        name = rest.pop("__name__", "")
        count = len(one.samples)
        names += [name] * count
        labels += [json.dumps(rest, sort_keys=True, ensure_ascii=False)] * count
        times += [round(at * 1000) for at, _ in one.samples]
        values += [value for _, value in one.samples]
    columns = {"name": names, "labels": labels, "at_ms": times, "value": values}
    return pa.table(columns, schema=SCHEMA)


def _joined(rows: Iterable[tuple[Any, ...]]) -> Iterator[Series]:
    """Rows in order as series."""
    key: tuple[str, str] | None = None
    samples: list[tuple[float, float]] = []
    for name, labels, at_ms, value in rows:
        if (name, labels) != key and key is not None:
            yield Series({"__name__": key[0], **json.loads(key[1])}, tuple(samples))
            samples = []
        key = (name, labels)
        samples.append((at_ms / 1000, value))
    if key is not None:
        yield Series({"__name__": key[0], **json.loads(key[1])}, tuple(samples))

"""Series in Prometheus' text format, where prometheus-client would change their names: it ends every counter in
`_total`, and App Mesh's did not."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

Labels = tuple[tuple[str, str], ...]
Kind = Literal["counter", "gauge", "histogram"]


def family(name: str, kind: Kind, about: str, samples: Iterable[tuple[str, Labels, float]]) -> str:
    """One metric with its samples: (suffix of the name, labels, value)."""
    lines = [f"# HELP {name} {about}", f"# TYPE {name} {kind}"]
    lines += [f"{name}{suffix}{labelled(labels)} {number(value)}" for suffix, labels, value in samples]
    return "\n".join(lines) + "\n"


def labelled(labels: Iterable[tuple[str, str]]) -> str:
    """`{name="value"}`; nothing for no labels."""
    text = ",".join(f'{name}="{escaped(value)}"' for name, value in labels)
    return f"{{{text}}}" if text else ""


def escaped(value: str) -> str:
    """A label's value as it is written between quotes."""
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def number(value: float) -> str:
    """A value; whole ones without a point."""
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if math.isnan(value):
        return "NaN"
    return str(int(value)) if value == int(value) and abs(value) < 1 << 53 else repr(float(value))


def buckets(
    labels: Labels, bounds: Sequence[float], counts: Sequence[int], total: float
) -> list[tuple[str, Labels, float]]:
    """Samples of a histogram: `counts` by bucket, one more than there are `bounds`; `total` is the sum of values."""
    found: list[tuple[str, Labels, float]] = []
    so_far = 0
    for bound, count in zip((*bounds, math.inf), counts, strict=True):
        so_far += count
        found.append(("_bucket", (*labels, ("le", number(bound))), so_far))
    return [*found, ("_sum", labels, total), ("_count", labels, so_far)]


def of(labels: Mapping[str, str]) -> Labels:
    """Labels in the order of their names."""
    return tuple(sorted(labels.items()))

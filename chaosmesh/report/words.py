"""How numbers, names and places are worded, the same in every report."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

# Escape sequences and text-direction overrides in a document's names would let it write on the user's screen.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

_LISTED = 8


def clean(text: str) -> str:
    """The text on one line, with control characters shown as U+FFFD."""
    return _CONTROL.sub("\ufffd", re.sub(r"\s*[\r\n\t]+\s*", " ", text))


def percent(share: float) -> str:
    """A share as "99.8 %". Rounded down: a result never looks better than it is, and 100 % means every one."""
    tenths = math.floor(share * 1000 + 1e-9)
    return f"{tenths // 10} %" if tenths in {0, 1000} else f"{tenths / 10:.1f} %"


def seconds(ms: float) -> str:
    """A latency of `ms` milliseconds as "0.33 s", or "85 ms" below 0.1 s. Rounded up, as `percent` is down."""
    if ms < 99:
        return f"{math.ceil(ms - 1e-6)} ms"
    if ms < 10_000:
        return f"{math.ceil(ms / 10 - 1e-6) / 100:.2f} s"
    return f"{math.ceil(ms / 100 - 1e-6) / 10:.1f} s"


def duration(s: float) -> str:
    """How long something took: "0.4 s", "58 s", "2 min 5 s"."""
    if s < 9.95:
        return f"{s:.1f} s"
    minutes, rest = divmod(round(s), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def count(n: int, noun: str, plural: str = "") -> str:
    """ "1 rule", "1,240 requests"."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def short_id(rule: str) -> str:
    """A rule id without its path: `virtualRouter/r/route/blue/retryPolicy.maxRetries` → `blue retryPolicy.maxRetries`."""
    *resource, field = rule.split("/")
    return clean(f"{resource[-1]} {field}" if resource and field else rule)


def edge(client: str, service: str) -> str:
    """`client → service`."""
    return clean(f"{client} → {service}")


def short_services(services: Iterable[str]) -> dict[str, str]:
    """Each service's first DNS label, where that names only one of them; else the whole name."""
    found = sorted(set(services))
    labels = [name.split(".", 1)[0] for name in found]
    return {
        name: label if label and labels.count(label) == 1 else name
        for name, label in zip(found, labels, strict=True)
    }


def facts(values: Mapping[str, Any]) -> str:
    """What was expected or seen, as "attempts 3, p99 0.29 s"."""
    return clean(", ".join(_fact(str(key), value) for key, value in values.items()))


def _fact(key: str, value: Any) -> str:
    for suffix, factor in (("_ms", 1), ("_s", 1000)):
        name = key.removesuffix(suffix)
        if name != key and _numbers(value):
            times = [seconds(v * factor) for v in (value if isinstance(value, (list, tuple)) else [value])]
            return f"{name.replace('_', ' ')} {_sequence(times)}"
    if (
        key in {"share", "success"}
        and _numbers(value)
        and isinstance(value, (int, float))
        and 0 <= value <= 1
    ):
        return f"{key} {percent(value)}"
    if key == "shares" and isinstance(value, Mapping) and value and _numbers(list(value.values())):
        return "shares " + _sequence([f"{name} {percent(share)}" for name, share in value.items()])
    return f"{key.replace('_', ' ')} {_value(value)}"


def _numbers(value: Any) -> bool:
    """Whether it is a number that can be worded, or a list of such."""
    if isinstance(value, (list, tuple)):
        return all(_numbers(v) for v in value)
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "none"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        counted = value and all(type(n) is int for n in value.values())
        return _sequence([f"{k} ({n}×)" for k, n in value.items()]) if counted else f"({facts(value)})"
    if isinstance(value, (list, tuple, set, frozenset)):
        return _sequence([_value(v) for v in value])
    return str(value)


def _sequence(values: list[str]) -> str:
    if not values:
        return "none"
    rest = len(values) - _LISTED
    return ", ".join(values[:_LISTED]) + (f" and {rest} more" if rest > 0 else "")

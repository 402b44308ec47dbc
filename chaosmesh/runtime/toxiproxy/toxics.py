"""What a toxic may be. Toxiproxy accepts nonsense (toxicity 7, latency −5) with 200, so the bounds are ours.

Units and meanings follow Toxiproxy 2.12's README: latency, jitter, delay (slow_close) and timeout in ms,
delay (slicer) in µs, rate in KB/s, sizes in bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from chaosmesh.errors import UsageError

Stream = Literal["upstream", "downstream"]

# attribute → lowest value; a rate of 0 would mean "unlimited", a slice of 0 bytes never ends
ATTRIBUTES: Mapping[str, Mapping[str, int]] = {
    "latency": {"latency": 0, "jitter": 0},
    "bandwidth": {"rate": 1},
    "slow_close": {"delay": 0},
    "timeout": {"timeout": 0},
    "reset_peer": {"timeout": 0},
    "slicer": {"average_size": 1, "size_variation": 0, "delay": 0},
    "limit_data": {"bytes": 0},
}
HIGHEST = 2**53  # beyond it JSON numbers lose digits


@dataclass(frozen=True, slots=True)
class Toxic:
    """A checked toxic. Toxicity is drawn once per connection, so with kept connections it is no share of requests."""

    type: str
    stream: Stream
    attributes: Mapping[str, int]
    name: str
    toxicity: float = 1.0

    def __post_init__(self) -> None:
        if problems := list(_problems(self)):
            raise UsageError(f"toxic {self.name!r}: " + "; ".join(problems))

    def to_json(self) -> dict[str, Any]:
        """As Toxiproxy wants it."""
        return {
            "name": self.name,
            "type": self.type,
            "stream": self.stream,
            "toxicity": self.toxicity,
            "attributes": dict(self.attributes),
        }


def _problems(toxic: Toxic) -> list[str]:
    known = ATTRIBUTES.get(toxic.type)
    if known is None:
        return [f"unknown type {toxic.type!r}, one of {', '.join(ATTRIBUTES)}"]
    found = [problem for check in _CHECKS for problem in check(toxic)]
    for name, value in toxic.attributes.items():
        if name not in known:
            found.append(f"unknown attribute {name!r}, {toxic.type} has {', '.join(known)}")
        elif not isinstance(value, int) or isinstance(value, bool):
            found.append(f"{name} is {value!r}, it must be a whole number")
        elif not known[name] <= value <= HIGHEST:
            found.append(f"{name} is {value}, it must be {known[name]} or more")
    return found or _together(toxic.type, toxic.attributes)


def _name(toxic: Toxic) -> list[str]:
    return [] if toxic.name and "/" not in toxic.name else ["the name must not be empty or hold a slash"]


def _stream(toxic: Toxic) -> list[str]:
    return [] if toxic.stream in ("upstream", "downstream") else [f"stream is {toxic.stream!r}"]


def _toxicity(toxic: Toxic) -> list[str]:
    good = not isinstance(toxic.toxicity, bool) and 0 <= toxic.toxicity <= 1
    return [] if good else [f"toxicity is {toxic.toxicity}, it must be from 0 to 1"]


_CHECKS: tuple[Callable[[Toxic], list[str]], ...] = (_name, _stream, _toxicity)


def _together(kind: str, attributes: Mapping[str, int]) -> list[str]:
    """Rules over two attributes; what is absent is 0 in Toxiproxy."""
    if kind == "latency" and attributes.get("jitter", 0) > attributes.get("latency", 0):
        return [
            f"jitter {attributes['jitter']} is above latency {attributes.get('latency', 0)}: delays below 0"
        ]
    if kind == "slicer":
        if "average_size" not in attributes:
            return ["average_size is missing: slices of 0 bytes never end"]
        if attributes.get("size_variation", 0) >= attributes["average_size"]:
            return [f"size_variation {attributes['size_variation']} must be below average_size"]
    if kind == "bandwidth" and "rate" not in attributes:
        return ["rate is missing: it would mean unlimited"]
    return []

"""Bounds of toxics: Toxiproxy itself accepts any of these."""

from __future__ import annotations

import pytest

from chaosmesh.errors import UsageError
from chaosmesh.runtime.toxiproxy import Toxic


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [
        ("latency", {"latency": 300, "jitter": 300}),
        ("latency", {"latency": 0}),
        ("bandwidth", {"rate": 1}),
        ("slow_close", {"delay": 10}),
        ("timeout", {"timeout": 0}),
        ("reset_peer", {"timeout": 0}),
        ("slicer", {"average_size": 10, "size_variation": 9, "delay": 5}),
        ("limit_data", {"bytes": 0}),
    ],
)
def test_every_kind_has_good_values(kind: str, attributes: dict[str, int]) -> None:
    assert Toxic(kind, "downstream", attributes, "t").to_json()["attributes"] == attributes


@pytest.mark.parametrize(
    ("kind", "attributes", "message"),
    [
        ("latency", {"latency": -5}, "latency is -5, it must be 0 or more"),
        ("latency", {"latency": 10, "jitter": 11}, "jitter 11 is above latency 10"),
        ("latency", {"jitter": 1}, "jitter 1 is above latency 0"),
        ("latency", {"latency": 1.5}, "latency is 1.5, it must be a whole number"),
        ("latency", {"latency": True}, "latency is True, it must be a whole number"),
        ("latency", {"delay": 5}, "unknown attribute 'delay', latency has latency, jitter"),
        ("bandwidth", {"rate": 0}, "rate is 0, it must be 1 or more"),
        ("bandwidth", {}, "rate is missing"),
        ("slicer", {"average_size": 5, "size_variation": 5}, "size_variation 5 must be below average_size"),
        ("slicer", {}, "average_size is missing"),
        ("limit_data", {"bytes": 2**60}, "bytes is"),
        ("fog", {}, "unknown type 'fog', one of latency, bandwidth"),
    ],
)
def test_bad_attributes_are_named(kind: str, attributes: dict[str, int], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Toxic(kind, "downstream", attributes, "t")


@pytest.mark.parametrize("toxicity", [7, -0.1, 1.01, float("nan")])
def test_toxicity_is_a_share(toxicity: float) -> None:
    with pytest.raises(UsageError, match="it must be from 0 to 1"):
        Toxic("latency", "downstream", {"latency": 1}, "t", toxicity)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(UsageError, match=r"stream is 'sideways'; toxicity is 2, .*; latency is -1"):
        Toxic("latency", "sideways", {"latency": -1}, "t", 2)  # type: ignore[arg-type]

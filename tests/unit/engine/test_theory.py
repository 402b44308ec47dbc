"""Which faults have a closed form."""

from __future__ import annotations

import math

import pytest

from chaosmesh.engine.predict import FailingEdge
from chaosmesh.engine.theory import failing_edge
from chaosmesh.faults import Bandwidth, Delay, Down, Errors, Latency, LimitData, Reset, Timeout

EDGE = ("front", "color")


@pytest.mark.parametrize(
    ("fault", "theory"),
    [
        (Errors("f", EDGE, 503, 0.3, 7), FailingEdge(EDGE, 0.3, 503, "answered")),
        (Delay("f", EDGE, 300, 0.5, 7), FailingEdge(EDGE, 0.5, 504, "slow", 0.3)),
        (Latency("f", EDGE, 300), FailingEdge(EDGE, 1.0, 504, "slow", 0.3)),
        (Down("f", EDGE), FailingEdge(EDGE, 1.0, 503, "reset")),
        (Reset("f", EDGE, 1000), FailingEdge(EDGE, 0.005, 503, "reset")),
        (Timeout("f", EDGE), FailingEdge(EDGE, 1.0, 504, "slow", math.inf)),
        (Timeout("f", EDGE, 100), None),
        (Errors("f", EDGE, None, 0.3, 7, grpc=14), None),
        (Errors("f", EDGE, 404, 0.3, 7), None),
        (Errors("f", EDGE, 503, 0.3, 7, path="/a"), None),
        (Errors("f", EDGE, 503, 0.3, 7, replica=0), None),
        (Latency("f", EDGE, 300, replica=0), None),
        (Down("f", EDGE, workload="blue"), None),
        (Bandwidth("f", EDGE, 64), None),
        (LimitData("f", EDGE, 64), None),
    ],
)
def test_what_the_closed_forms_know(fault, theory) -> None:
    assert failing_edge(fault) == theory

"""The scenario's faults as a schedule."""

from __future__ import annotations

import pytest

from chaosmesh.documents.fault_part import FaultPart
from chaosmesh.engine.experiment.scheduled import RECOVERY_S, scheduled
from chaosmesh.errors import UsageError


class Anything:
    """A mesh, an edge and a node at once: every fault is what it was asked for."""

    def edge(self, *names):
        return self

    def node(self, name):
        return self

    def __getattr__(self, kind):
        return lambda *args, **more: (kind, args, more)


def part(kind: str = "errors", **more) -> FaultPart:
    place = {"node": "weather"} if kind in ("hang", "crash") else {"edge": "flights -> weather"}
    return FaultPart.model_validate({"kind": kind, **place, **more})


def test_faults_with_times_become_phases_that_overlap_as_they_do():
    found = scheduled(
        Anything(),
        [part(start="2s", duration="3s", share=0.3), part("down", start="4s", duration="2s"), part("crash")],
    )
    assert [(one.name, one.seconds, [act[0] for act in one.acts]) for one in found] == [
        ("baseline", 2.0, []),
        ("fault", 2.0, ["errors"]),
        ("fault", 1.0, ["errors", "down"]),
        ("fault", 1.0, ["down"]),
        ("recovery", RECOVERY_S, []),
    ]
    assert found[1].acts[0] is found[2].acts[0], "what goes on is the same fault"
    assert found[1].acts[0] == ("errors", (503,), {"share": 0.3})


def test_between_two_faults_it_is_calm():
    found = scheduled(
        Anything(), [part("hang", duration="1s"), part("latency", start="2s", duration="1s", delay="300ms")]
    )
    assert [one.name for one in found] == ["fault", "calm", "fault", "recovery"]
    assert found[2].acts[0][1] == ("300ms",)


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ([], "say no time"),
        ([part()], "say no time"),
        ([FaultPart(kind="errors", start="1s")], "needs an edge"),
        ([FaultPart(kind="crash", start="1s")], "without a node"),
        ([part("latency", start="1s")], "too little"),
        ([part("bandwidth", start="1s")], "too little"),
    ],
)
def test_what_makes_no_schedule_is_refused(parts, text):
    with pytest.raises(UsageError, match=text):
        scheduled(Anything(), parts)

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

    def replica(self, index):
        return Anything(index)

    def external(self, name):
        return self

    name = "db"

    def __init__(self, index=None):
        self.index = index

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


@pytest.mark.parametrize(
    ("written", "act"),
    [
        ({"kind": "partition", "node": "weather", "replica": 1}, ("partition", (), {})),
        ({"kind": "dns", "node": "weather"}, ("dns", (), {})),
        ({"kind": "cpu", "node": "weather", "share": 0.1}, ("cpu", (0.1,), {})),
        ({"kind": "memory", "node": "weather", "memory": "64m"}, ("memory", (64 * 2**20,), {})),
        ({"kind": "disk_full", "node": "weather", "path": "/data"}, ("disk_full", ("/data",), {})),
        ({"kind": "latency", "external": "db", "delay": "300ms"}, ("latency", ("300ms",), {"jitter": "0ms"})),
        ({"kind": "down", "external": "db"}, ("down", (), {})),
        ({"kind": "timeout", "external": "db"}, ("timeout", ("0ms",), {})),
    ],
)
def test_containers_and_externals_have_their_faults_too(written, act):
    found = scheduled(Anything(), [FaultPart.model_validate({**written, "start": "1s"})])
    assert found[1].acts == (act,)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"kind": "partition"}, "without a node"),
        ({"kind": "cpu", "node": "weather"}, "cpu says too little"),
        ({"kind": "memory", "node": "weather"}, "memory says too little"),
        ({"kind": "disk_full", "node": "weather"}, "disk_full says too little"),
        ({"kind": "errors", "external": "db"}, "can't be put on the external db"),
    ],
)
def test_what_says_too_little_of_a_container_is_refused(written, words):
    with pytest.raises(UsageError, match=words) as error:
        scheduled(Anything(), [FaultPart.model_validate({**written, "start": "1s"})])
    assert error.value.hint

"""Faults as a test writes them on an edge: labels, doses and what is refused before anything is sent."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from chaosmesh.engine.experiment.edges import Edge
from chaosmesh.engine.experiment.names import Named, Path
from chaosmesh.errors import UsageError
from chaosmesh.faults import Delay, Errors, Latency, Slicer
from tests import meshes

MESH = meshes.mesh(
    [
        meshes.workload("front", "color", "line", "talk"),
        meshes.workload("blue"),
        meshes.workload("green"),
        meshes.workload("cable", port=9000, protocol="tcp"),
        meshes.workload("bell", port=9001, protocol="grpc"),
    ],
    [
        meshes.service("color", meshes.route("color", "all", {"blue": 1, "green": 1})),
        meshes.service("line", meshes.route("line", "all", {"cable": 1}, protocol="tcp"), protocol="tcp"),
        meshes.service("talk", meshes.route("talk", "all", {"bell": 1}, protocol="grpc"), protocol="grpc"),
    ],
)


class Calm:
    """A mesh on which nothing is in force until it is."""

    def __init__(self) -> None:
        self.active: list[object] = []
        self.stack = SimpleNamespace(
            mesh=MESH, topology=meshes.topology(MESH, "127.99", replicas={"blue": 2, "green": 2})
        )

        self.meant: list[object] = []

    def expects(self, meant: object) -> None:
        self.meant.append(meant)

    async def apply(self, context: object) -> None:
        self.active.append(context)

    async def heal(self, context: object) -> None:
        self.active.remove(context)


def edge(service: str = "color", workload: str | None = None, seed: int = 7) -> Edge:
    session = SimpleNamespace(live=Calm(), seed=seed)
    return Edge(session, Named(f"front → {service}", (Path("front", service, workload),)))  # type: ignore[arg-type]


def only(context):
    (fault,) = context.in_force.faults
    return fault


@pytest.mark.parametrize(
    ("make", "label", "size"),
    [
        (lambda e: e.latency("300ms"), "+300ms", {"ms": 300}),
        (lambda e: e.latency("300ms", jitter="50ms"), "+300ms ± 50ms", {"ms": 300, "jitter_ms": 50}),
        (
            lambda e: e.latency("1s", stream="upstream", replica=1),
            "+1s, upstream, replica 1",
            {"ms": 1000, "stream": "upstream", "replica": 1},
        ),
        (lambda e: e.reset(every="500ms"), "reset every 500ms", {"every_ms": 500}),
        (lambda e: e.down(replica=0), "down, replica 0", {"replica": 0}),
        (lambda e: e.bandwidth("64KB/s"), "64KB/s", {"rate": 64}),
        (lambda e: e.slow_close("1s"), "slow close 1s", {"delay": 1000}),
        (lambda e: e.timeout(), "timeout 0ms", {"timeout": 0}),
        (
            lambda e: e.slicer(size="1KB", delay="1ms"),
            "slices of 1KB",
            {"average_size": 1000, "size_variation": 0, "delay": 1000},
        ),
        (lambda e: e.limit_data("1KB"), "limit 1KB", {"bytes": 1000}),
    ],
)
def test_faults_on_connections(make, label, size) -> None:
    context = make(edge())
    assert context.in_force.label == label
    assert only(context).size == size
    assert str(context.in_force) == f"{label} on front → color"


def test_faults_on_requests() -> None:
    context = edge().errors(503, share=0.3, prefix="/a", headers={"X-User": "beta"}, replica=1, seed=4)
    assert context.in_force.label == "503 30 %, /a*, X-User: beta, replica 1"
    assert only(context).size == {
        "status": 503,
        "share": 0.3,
        "seed": 4,
        "replica": 1,
        "prefix": "/a",
        "headers": "x-user: beta",
    }
    late = edge().delay("300ms", share=0.5, path="/b")
    assert late.in_force.label == "+300ms 50 %, /b"
    assert isinstance(only(late), Delay)


def test_the_same_fault_draws_alike_and_another_one_apart() -> None:
    first, again = only(edge().errors(503, share=0.3)), only(edge().errors(503, share=0.5))
    assert first.seed == again.seed, "victims of a smaller share are among those of a larger one"
    others = [only(edge().errors(500)), only(edge().delay("1ms")), only(edge(seed=8).errors(503))]
    assert len({first.seed, *(one.seed for one in others)}) == 4


def test_an_edge_to_one_arm_acts_on_that_arm_alone() -> None:
    fault = only(edge(workload="blue").latency("5ms"))
    assert isinstance(fault, Latency)
    assert (fault.workload, fault.scope.workload) == ("blue", "blue")
    assert only(edge(workload="blue").errors(503)).workload == "blue"


def test_a_grpc_edge_gets_a_code_and_an_http_edge_none() -> None:
    for context in (edge("talk").errors(503), edge("talk").errors(grpc="UNAVAILABLE")):
        fault = only(context)
        assert isinstance(fault, Errors)
        assert (fault.status, fault.grpc) == (None, 14)
        assert context.in_force.label == "UNAVAILABLE 100 %"
    with pytest.raises(UsageError, match="speaks HTTP/1"):
        edge().errors(grpc=14)


@pytest.mark.parametrize(
    ("refused", "message"),
    [
        (
            lambda: edge().latency("300ms", share=0.3),
            "drawn once per connection, and sidecars keep connections",
        ),
        (lambda: edge().down(share=0), "share must be above 0"),
        (lambda: edge().down(replica=2), "blue has 2 replicas, and none with number 2"),
        (lambda: edge("talk").errors(503, replica=1), "bell has 1 replica, and none with number 1"),
        (lambda: edge("line").errors(503), r"carries connections \(TCP\)"),
        (lambda: edge("line").delay("1s"), r"carries connections \(TCP\)"),
        (lambda: edge().latency("0.5ms"), "no whole number of milliseconds"),
        (lambda: edge().latency("300"), "no unit"),
        (lambda: edge().errors(), "either an HTTP status or a gRPC code"),
        (lambda: edge().bandwidth("64"), "is no rate"),
        (lambda: edge().slicer(size=0), "size in bytes"),
        (lambda: edge().errors("503"), "the status must be a whole number"),
        (lambda: edge().errors(503, share="30 %"), "share='30 %' is no number"),
        (lambda: edge().delay("5ms", share=None), "share=None is no number"),
        (lambda: edge().delay([]), "is no duration"),
        (lambda: edge().down(share="1"), "share='1' is no number"),
        (lambda: edge().errors(503, path=5), "path=5 is no text"),
        (lambda: edge().errors(503, headers={"x-user": 5}), "names with texts"),
        (lambda: edge().errors(503, headers="x-user"), "names with texts"),
        (lambda: edge().errors(503, seed="x"), "seed='x' is no whole number"),
    ],
)
def test_what_does_not_fit_is_refused_at_once(refused, message) -> None:
    with pytest.raises(UsageError, match=message) as error:
        refused()
    assert error.value.hint


def test_a_tcp_edge_takes_faults_on_connections() -> None:
    assert isinstance(only(edge("line").slicer(size=64)), Slicer)


def test_a_context_can_be_put_in_force_by_a_phase_once_at_a_time() -> None:
    async def main() -> None:
        context = edge().latency("5ms")
        live = context._live
        (meant,) = live.meant
        assert (meant.done, meant.text) == (False, "+5ms on front → color was made, and never put in force")
        await context.apply()
        assert meant.done
        assert live.active == [context.in_force]
        with pytest.raises(UsageError, match="in force already"):
            await context.apply()
        await context.heal()
        assert live.active == []
        await context.apply()
        await context.heal()

    asyncio.run(main())

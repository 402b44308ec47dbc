"""The scenario's `faults:` as a schedule."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Protocol

from chaosmesh.documents.fault_part import FaultPart
from chaosmesh.engine.experiment.contexts import FaultContext
from chaosmesh.engine.experiment.edges import Edge
from chaosmesh.engine.experiment.externals import ExternalOf
from chaosmesh.engine.experiment.nodes import Node, ReplicaOf
from chaosmesh.engine.experiment.phases import BASELINE, Act, Phase
from chaosmesh.errors import UsageError

RECOVERY_S = 4.0
"""Seconds that are watched after the last fault."""

UNBOUNDED_S = 5.0
"""Seconds that a fault without a `duration` stays."""


class Places(Protocol):
    """Where faults can be put in force: a mesh in a test's hands."""

    def edge(self, client: str, service: str) -> Edge:
        """The calls of a client to a service."""

    def node(self, name: str) -> Node:
        """A virtual node."""

    def external(self, name: str) -> ExternalOf:
        """Something outside the mesh."""


def scheduled(mesh: Places, parts: Sequence[FaultPart]) -> tuple[Phase, ...]:
    """Phases for the faults that have a time: "baseline" until the first one begins, "fault" while any is in force,
    "calm" between two, "recovery" after the last. UsageError where none has a time, or one can't be put in force."""
    timed = [one for one in parts if one.start is not None or one.duration is not None]
    if not timed:
        raise UsageError(
            "the scenario's faults: say no time",
            hint="faults: [{kind: errors, edge: a -> b, status: 503, start: 2s, duration: 3s}]",
        )
    acts = [(one.start or 0.0, _end(one), act_of(mesh, one)) for one in timed]
    borders = sorted({0.0, *(begin for begin, _, _ in acts), *(end for _, end, _ in acts)})
    phases = [
        _phase(begin, end, [act for first, last, act in acts if first <= begin < last], acts)
        for begin, end in pairwise(borders)
    ]
    return (*phases, Phase("recovery", RECOVERY_S))


def _phase(begin: float, end: float, acts: Sequence[Act], known: Sequence[tuple[float, float, Act]]) -> Phase:
    quiet = BASELINE if all(begin < first for first, _, _ in known) else "calm"
    return Phase("fault" if acts else quiet, end - begin, tuple(acts))


def _end(part: FaultPart) -> float:
    return (part.start or 0.0) + (UNBOUNDED_S if part.duration is None else part.duration)


ON_NODES = ("hang", "crash", "partition", "cpu", "memory", "disk_full", "dns")
"""Kinds that a node has, and no edge."""


def act_of(mesh: Places, part: FaultPart) -> FaultContext:
    """The fault that a part of the scenario file means; UsageError where it says too little."""
    if part.kind in ON_NODES:
        if part.node is None:
            raise UsageError(f"faults: {part.kind} without a node", hint=f"{{kind: {part.kind}, node: NAME}}")
        node = mesh.node(part.node)
        return _on_node(node if part.replica is None else node.replica(part.replica), part)
    if part.external is not None:
        return _on_external(mesh.external(part.external), part)
    if part.edge is None:
        raise UsageError(f"faults: {part.kind} needs an edge", hint="edge: client -> service")
    return _on_edge(mesh.edge(*part.edge), part)


def _on_node(node: Node | ReplicaOf, part: FaultPart) -> FaultContext:
    match part:
        case FaultPart(kind="hang"):
            return node.hang()
        case FaultPart(kind="crash"):
            return node.crash()
        case FaultPart(kind="partition"):
            return node.partition()
        case FaultPart(kind="dns"):
            return node.dns()
        case FaultPart(kind="cpu", share=float(share)):
            return node.cpu(share)
        case FaultPart(kind="memory", memory=int(megabytes)):
            return node.memory(megabytes * 2**20)
        case FaultPart(kind="disk_full", path=str(path)):
            return node.disk_full(path)
    missing = {"cpu": "share: 0.1", "memory": "memory: 64m", "disk_full": "path: /data"}[part.kind]
    raise UsageError(
        f"faults: {part.kind} says too little", hint=f"{{kind: {part.kind}, node: NAME, {missing}}}"
    )


def _on_external(external: ExternalOf, part: FaultPart) -> FaultContext:
    delay = None if part.delay is None else _ms(part.delay)
    match part.kind:
        case "latency" if delay:
            return external.latency(delay, jitter=_ms(part.jitter or 0.0))
        case "slow_close" if delay:
            return external.slow_close(delay)
        case "timeout":
            return external.timeout(delay or "0ms")
        case "reset":
            return external.reset()
        case "down":
            return external.down()
    raise UsageError(
        f"faults: {part.kind} can't be put on the external {external.name} so",
        hint="latency and slow_close with a delay:, timeout, reset, down; others in the test: mesh.external(…)",
    )


def _on_edge(edge: Edge, part: FaultPart) -> FaultContext:
    share = 1.0 if part.share is None else part.share
    delay = None if part.delay is None else _ms(part.delay)
    match part.kind:
        case "errors":
            given: dict[str, Any] = {"grpc": part.grpc} if part.grpc else {}
            return edge.errors(None if part.grpc else part.status or 503, share=share, **given)
        case "latency" if delay:
            return edge.latency(delay, jitter=_ms(part.jitter or 0.0), share=share)
        case "slow_close" if delay:
            return edge.slow_close(delay, share=share)
        case "timeout":
            return edge.timeout(delay or "0ms", share=share)
        case "reset":
            return edge.reset(share=share)
        case "down":
            return edge.down(share=share)
    if part.kind in ("latency", "slow_close"):
        raise UsageError(f"faults: {part.kind} says too little", hint="give it a delay:, like delay: 300ms")
    raise UsageError(
        f"faults: {part.kind} says too little in a scenario file",
        hint="write a test: with mesh.edge(…)." + part.kind + "(…)",
    )


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:g}ms"

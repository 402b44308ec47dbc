"""What was done to the mesh, and when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class FaultEvent:
    """One step of one fault: it was put in, seen to act, or taken out again.

    `at_ns` is when the step was done, epoch nanoseconds, `begun_ns` when it was begun (0: not known; what it met
    meanwhile is its own doing too). `kind` is the fault's word ("errors", "latency", "crash", …); `target` is the
    edge ("client>service"), the workload ("node" or ">node") or the replica ("node.index"); `attributes` are its
    doses, of which `replica` narrows it to one replica of the server.
    """

    fault: str
    phase: Literal["applied", "evidence", "healed"]
    at_ns: int
    kind: str
    target: str
    attributes: Mapping[str, Value] = field(default_factory=dict)
    begun_ns: int = 0


@dataclass(frozen=True, slots=True)
class FaultWindow:
    """The time in which one fault was in force, epoch nanoseconds; `end_ns` None: it still is.

    `client` is "" for a fault of a workload, whose name is `server` then; else `service` is the edge's.
    """

    fault: str
    kind: str
    target: str
    begin_ns: int
    end_ns: int | None
    client: str = ""
    service: str = ""
    server: str = ""
    replica: int | None = None

    def overlaps(self, begin_ns: int, end_ns: int) -> bool:
        """Whether it was in force at any moment from `begin_ns` to `end_ns`."""
        return end_ns >= self.begin_ns and (self.end_ns is None or begin_ns <= self.end_ns)


def windows(events: Iterable[FaultEvent]) -> tuple[FaultWindow, ...]:
    """When each fault was in force, by begin; a fault that was put in twice has two windows."""
    found: list[FaultWindow] = []
    open_: dict[str, FaultWindow] = {}
    for one in sorted(events, key=lambda one: one.at_ns):
        if one.phase == "applied" and one.fault not in open_:
            open_[one.fault] = _window(one)
        elif one.phase == "healed" and (begun := open_.pop(one.fault, None)):
            found.append(replace(begun, end_ns=one.at_ns))
    return tuple(sorted([*found, *open_.values()], key=lambda one: (one.begin_ns, one.fault)))


def _window(event: FaultEvent) -> FaultWindow:
    client, arrow, rest = event.target.partition(">")
    told = event.attributes.get("replica")
    replica = told if isinstance(told, int) and not isinstance(told, bool) else None
    edge = bool(arrow and client)
    server = "" if edge else rest or client
    if server and replica is None:
        node, _, index = server.rpartition(".")
        if node and index.isdecimal():
            server, replica = node, int(index)
    return FaultWindow(
        fault=event.fault,
        kind=event.kind,
        target=event.target,
        begin_ns=event.begun_ns or event.at_ns,
        end_ns=None,
        client=client if edge else "",
        service=rest if edge else "",
        server=server,
        replica=replica,
    )

"""Faults on containers and on what is outside: their bounds, what they ask of the mesh, their evidence."""

from __future__ import annotations

import asyncio
import os

import pytest

from chaosmesh.errors import UsageError
from chaosmesh.faults import (
    Act,
    CpuLimit,
    DiskFull,
    DnsFailure,
    Evidence,
    Latency,
    MemoryLimit,
    OnExternal,
    Partition,
    Reset,
)

ONE = {"id": "f", "node": "n", "replica": 1}
MIB = 2**20


class Recorder:
    """A mesh that notes what is done to it."""

    def __init__(self) -> None:
        self.done: list[tuple] = []

    async def afflict(self, lease, copy, role, ailment, evidence) -> None:
        self.done.append((lease, str(copy), role, ailment.kind, dict(ailment.values)))
        evidence.note(str(copy), 1, "saw it")

    async def relieve(self, lease) -> None:
        self.done.append((lease,))

    async def hinder(self, lease, name, effect, evidence) -> None:
        self.done.append((lease, name, effect.kind, dict(effect.attributes), effect.stream))
        evidence.note(name, 2, "met it")

    async def unhinder(self, lease) -> None:
        self.done.append((lease,))


@pytest.mark.parametrize(
    ("fault", "done"),
    [
        (Partition(**ONE), ("app", "partition", {})),
        (DnsFailure(**ONE), ("app", "dns", {})),
        (CpuLimit(**ONE, share=0.1), ("app", "cpu", {"share": 0.1})),
        (
            CpuLimit(**ONE, share=0.1, role="sidecar"),
            ("sidecar", "cpu", {"share": 0.1, "process": "sidecar"}),
        ),
        (MemoryLimit(**ONE, bytes=64 * MIB), ("app", "memory", {"bytes": 64 * MIB})),
        (DiskFull(**ONE, path="/data/"), ("app", "disk_full", {"path": "/data"})),
    ],
    ids=lambda one: one.kind if isinstance(one, Act) else "",
)
def test_each_is_applied_seen_and_healed(fault: Act, done) -> None:
    site = Recorder()
    assert not fault.dose([]).delivered
    asyncio.run(fault.apply(site))
    asyncio.run(fault.heal(site))
    assert site.done == [("f", "n.1", *done), ("f",)]
    dose = fault.dose([])
    assert (dose.hit, dose.unit, dose.evidence) == (1, "act", "n.1 saw it")
    assert fault.edge == ("", "n")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: CpuLimit(**ONE, share=0), "the share must be from 0.01"),
        (lambda: CpuLimit(**ONE, share=-1), "the share must be from 0.01"),
        (lambda: CpuLimit(**ONE, share=float("nan")), "the share must be from 0.01"),
        (lambda: CpuLimit(**ONE, share=(os.cpu_count() or 1) + 1), "as many as this host has"),
        (lambda: MemoryLimit(**ONE, bytes=6 * MIB - 1), "the least that Docker takes"),
        (lambda: MemoryLimit(**ONE, bytes=2**60), "as much as this host has"),
        (lambda: DiskFull(**ONE, path="data"), "no absolute path"),
        (lambda: DiskFull(**ONE, path="/"), "no absolute path"),
        (lambda: DiskFull(**ONE, path="/data/../etc"), "no absolute path"),
    ],
)
def test_bounds_are_checked_before_anything_is_done(make, words) -> None:
    with pytest.raises(UsageError, match=words) as error:
        make()
    assert error.value.hint


def test_one_on_an_external_is_that_of_an_edge_without_attempts() -> None:
    site, fault = Recorder(), OnExternal("db", Latency("f", ("", "db"), 300, 20, stream="upstream"))
    assert (fault.kind, fault.edge, dict(fault.size)) == (
        "latency",
        ("", "db"),
        {"ms": 300, "jitter_ms": 20, "stream": "upstream"},
    )
    assert not fault.dose([]).delivered
    asyncio.run(fault.apply(site))
    asyncio.run(fault.heal(site))
    assert site.done == [("f", "db", "latency", {"latency": 300, "jitter": 20}, "upstream"), ("f",)]
    assert (fault.dose([]).hit, fault.dose([]).evidence) == (2, "db met it")


def test_two_faults_on_an_external_have_evidence_of_their_own() -> None:
    first, second = (OnExternal("db", Reset(name, ("", "db"))) for name in "ab")
    assert isinstance(first.evidence, Evidence)
    assert first.evidence is not second.evidence

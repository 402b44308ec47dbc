"""The line that is said before a load begins, and what the log of a crashed sidecar tells."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from chaosmesh.engine import descriptors
from chaosmesh.engine.descriptors import Descriptors
from chaosmesh.load import RequestSpec, Stream
from chaosmesh.load.plan import Closed
from chaosmesh.mesh import Breaker, Egress, Replica, Topology
from chaosmesh.runtime.parts import Part
from chaosmesh.services.config import StandIn
from chaosmesh.services.descriptors import how_to_raise, most_descriptors
from tests.unit.runtime import meshes

FRONT = Replica("front", 0, "127.9.16.1", "127.9.32.1", door="127.9.48.1")
STREAM = Stream(1, "users", "http://127.9.48.1:8080", "front", (RequestSpec(),), 100.0, timeout=30.0)
CRASHED = """[2026-01-01 10:00:00.000][7][critical][assert] [source/common/network/socket_interface_impl.cc:72]
assert failure: SOCKET_VALID(result.return_value_). Details: socket(2) failed, got error: Too many open files
"""


class World:
    """front → flights → weather, nothing bounds the breakers; sidecars may have `limit` files."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, limit: int | None, log: str = "", logs: Path = Path("nowhere")
    ) -> None:
        open_ = Breaker(*[2**31 - 1] * 4)
        mesh = replace(meshes.chain(), breaker=open_)
        egress = (Egress("front", 0, "flights.local", "127.9.160.1", (8080,)),)
        runtime = SimpleNamespace(pid=lambda _replica, _role: os.getpid(), tail=lambda _part, _most: log)
        standins = {one.name: StandIn(one.name) for one in mesh.workloads}
        topology = Topology("r", (FRONT,), (), egress, ("front",), "127.9")
        stack = SimpleNamespace(mesh=mesh, topology=topology, runtime=runtime, standins=standins)
        monkeypatch.setattr(descriptors, "most_descriptors", lambda _pid: limit)
        self.said: list[str] = []
        self.descriptors = Descriptors(stack, logs, self.said.append)  # type: ignore[arg-type]

    def before(self, *streams: Stream, workers: int = 1) -> list[str]:
        self.said.clear()
        self.descriptors.before(streams, workers)
        return self.said


def test_where_nobody_needs_a_connection_for_each_request_nothing_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(monkeypatch, 1000)
    mesh = world.descriptors._stack.mesh
    grpc = [
        replace(one, listeners=tuple(replace(each, protocol="grpc") for each in one.listeners))
        for one in mesh.workloads
    ]
    services = [
        replace(one, routes=tuple(replace(each, protocol="grpc") for each in one.routes))
        for one in mesh.services
    ]
    world.descriptors._stack.mesh = replace(mesh, workloads=tuple(grpc), services=tuple(services))
    assert world.before(STREAM) == []


def test_one_line_names_limit_need_and_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """100 a second stay 15 s, Envoy's own timeout: 1,500 under way, four files each, and 200 of the sidecar's own."""
    (line,) = World(monkeypatch, 5000).before(STREAM)
    assert line.startswith(
        "open files: at 100 requests/s the sidecar of front may need 6,200 while answers take as long as the policy lets "
        "them; the hard limit is 5,000, beyond it calls fail, or Envoy crashes. To have more: as root `ulimit -Hn 65536` in the shell"
    )
    assert "LimitNOFILE=65536" in line
    assert "limits.conf" in line
    assert "--ulimit nofile=65536" in line
    assert "\n" not in line


@pytest.mark.parametrize("limit", [None, 6200, 500_000])
def test_nothing_is_said_where_it_is_enough_or_unknown(
    monkeypatch: pytest.MonkeyPatch, limit: int | None
) -> None:
    assert World(monkeypatch, limit).before(STREAM) == []


def test_it_is_said_again_only_for_much_more(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, 1000)
    assert len(world.before(STREAM)) == 1
    assert world.before(replace(STREAM, rate=140.0)) == []
    assert len(world.before(replace(STREAM, rate=200.0))) == 1


@pytest.mark.parametrize(
    "short",
    [
        replace(STREAM, count=200),
        replace(STREAM, duration=2.0),
        replace(STREAM, closed=Closed("file.py", 200)),
        replace(STREAM, closed=Closed("file.py")),
        replace(STREAM, url="http://127.9.255.9:8080"),
    ],
)
def test_what_can_not_be_that_many_is_not_warned_of(monkeypatch: pytest.MonkeyPatch, short: Stream) -> None:
    assert World(monkeypatch, 5000).before(short) == []


def test_streams_side_by_side_need_more_than_each(monkeypatch: pytest.MonkeyPatch) -> None:
    half = replace(STREAM, rate=50.0)
    assert World(monkeypatch, 5000).before(half) == []
    assert "at 100 requests/s" in World(monkeypatch, 5000).before(half, replace(half, id=2))[0]


def test_one_process_sends_no_more_than_it_can_have_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    fast = replace(STREAM, rate=10_000.0)
    assert "need 40,200" in World(monkeypatch, 5000).before(fast)[0]
    assert "need 80,200" in World(monkeypatch, 5000).before(fast, workers=2)[0]


@pytest.mark.parametrize(
    "log",
    [
        CRASHED,
        "[critical][main] panic: listener accept failure: Too many open files",
        "[symbolize_elf.inc : 1010] RAW: /proc/self/task/40/maps: errno=24",
    ],
)
def test_a_crash_for_want_of_descriptors_is_told_with_its_cause(
    monkeypatch: pytest.MonkeyPatch, log: str
) -> None:
    why = World(monkeypatch, 5000, log).descriptors.shortage(Part("sidecar", FRONT))
    assert why.startswith(
        "it had no file descriptor left (too many open files, the hard limit is 5,000); to have more: as root `ulimit -Hn"
    )


def test_another_end_has_no_such_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, 5000, "[critical] Caught Segmentation fault")
    assert world.descriptors.shortage(Part("sidecar", FRONT)) == ""
    assert World(monkeypatch, 5000, CRASHED).descriptors.shortage(Part("app", FRONT)) == ""


def test_nothing_counts_that_was_measured_while_a_sidecar_had_none_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world, log = World(monkeypatch, 5000, logs=tmp_path), tmp_path / "sidecar-front.0.log"
    begin = time.monotonic()
    assert world.descriptors.missing(begin) is None
    log.write_text("[warning] something else\n")
    assert world.descriptors.missing(begin) is None
    with log.open("a") as file:
        file.write(CRASHED)
    why = str(world.descriptors.missing(begin))
    assert why.startswith(
        "sidecar-front.0 had no file descriptor left (too many open files, the hard limit is 5,000)"
    )
    assert why.endswith("(logs/sidecar-front.0.log in the run folder)")
    assert world.descriptors.missing(begin) == why
    assert world.descriptors.missing(time.monotonic()) is None  # it has some again


def test_one_that_has_none_left_says_so_only_once_in_a_while(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world = World(monkeypatch, 1, logs=tmp_path)
    (tmp_path / "sidecar-front.0.log").write_text(CRASHED)
    world.descriptors.missing(time.monotonic())
    assert world.descriptors.missing(time.monotonic()) is not None


def test_the_limit_of_another_process_is_read() -> None:
    assert most_descriptors(os.getpid()) == most_descriptors()
    assert most_descriptors(2**22 + 5) is None


@pytest.mark.parametrize(("needed", "proposed"), [(0, 65_536), (65_536, 65_536), (65_537, 131_072)])
def test_what_is_proposed_is_enough(needed: int, proposed: int) -> None:
    assert f"`ulimit -Hn {proposed}`" in how_to_raise(needed)

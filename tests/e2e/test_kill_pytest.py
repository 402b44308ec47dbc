"""kill -9 of pytest while any kind of fault is in force: nothing is left, seen from outside, and the next run is clean."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from . import outside
from .command import AIRPORT, chaosmesh
from .experimenting import Session, run, start

pytestmark = pytest.mark.e2e

GONE = 30.0
"""Seconds within which nothing of it may be left: far less than any fault's time to live."""

KINDS = {
    "errors": "weather.errors(503, share=0.3)",
    "errors on a path": "weather.errors(503, share=0.3, path='/')",
    "delay": "weather.delay('50ms', share=0.5)",
    "latency": "weather.latency('50ms', jitter='10ms')",
    "latency up": "weather.latency('50ms', stream='upstream')",
    "reset": "weather.reset(every='1s')",
    "down": "weather.down()",
    "bandwidth": "weather.bandwidth('64KB/s')",
    "slow close": "weather.slow_close('1s')",
    "timeout": "weather.timeout('0ms')",
    "slicer": "weather.slicer(size=64, delay='1ms')",
    "limit data": "weather.limit_data('1KB')",
    "crash": "node.replica(1).crash()",
    "crash all": "node.crash()",
    "hang": "node.replica(1).hang()",
    "restart": "node.replica(1).restart()",
    "slow start": "node.replica(1).slow_start('2s')",
    "sick": "node.replica(1).sick()",
    "remove": "node.replica(1).remove()",
    "add": "node.add_replica()",
    "sidecar crash": "node.replica(0).sidecar.crash()",
    "sidecar pause": "node.replica(0).sidecar.pause()",
    "overload": "node.overload(capacity=40)",
    "neighbour": "node.busy_neighbour(cores=1)",
    "control kill": "mesh.control_plane.kill()",
    "control stale": "mesh.control_plane.stale()",
    "bad push": "mesh.control_plane.bad_push()",
    "two": "weather.latency('50ms'), node.replica(1).hang()",
    "three": "weather.errors(503, share=0.3), weather.reset(every='1s'), node.replica(0).crash()",
    "certificate": "node.certificate('expired')",
}

BROKEN = """
import contextlib
@pytest.mark.chaosmesh("airport")
def test_it(mesh):
    weather, node = mesh.edge("flights", "weather"), mesh.node("weather")
    with contextlib.ExitStack() as stack:
        faults = [FAULTS]
        for one in faults:
            stack.enter_context(one)
        (HERE / "broken").touch()
        while True:
            try:
                mesh.load(rate=60, path="/flights/NH10", duration="2s").expect(success=at_least(0.5), budget="2s")
            except AssertionError:
                pass
"""

SOUND = """
@pytest.mark.chaosmesh(AIRPORT)
def test_it(mesh):
    mesh.load(rate=60, path="/flights/NH10", count=200).expect(success=at_least(0.5))
"""


def airport(folder: Path, *, secured: bool) -> None:
    """The airport, its weather behind TLS if need be."""
    home = shutil.copytree(AIRPORT, folder / "airport")
    if secured:
        file = home / "weather-node.json"
        node = json.loads(file.read_text())
        pair = {"certificateChain": "/certs/weather.pem", "privateKey": "/certs/weather.key"}
        node["spec"]["listeners"][0]["tls"] = {"mode": "STRICT", "certificate": {"file": pair}}
        file.write_text(json.dumps(node))


def kill_under(kind: str, folder: Path, seed: int) -> None:
    """Kill it up to 2 s after the fault came into force."""
    airport(folder, secured=kind == "certificate")
    with start(folder, BROKEN.replace("FAULTS", KINDS[kind])) as process:
        one = Session(process, folder)
        try:
            one.until_marked("broken")
            assert one.runs
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(random.Random(seed).uniform(0.0, 2.0))
            assert process.poll() is None, "it ended by itself"
            one.look()
        finally:
            process.kill()
        process.wait(10)
        outside.until(one.left, GONE)


def the_next_run_is_clean(folder: Path) -> None:
    """On a machine that others use its verdict may rightly be another than a pass; its start and its sweep may not."""
    ended = run(folder, SOUND)
    assert ended.code in (0, 1), ended
    assert "run folder: " in ended.out, ended
    for trouble in ("ERROR at setup", "ERROR at teardown", "not as before", "left behind"):
        assert trouble not in ended.out, ended
    assert chaosmesh("clean").code == 0


@pytest.mark.parametrize("kind", ["errors", "three", "sidecar pause"])
def test_kill_9_of_pytest_under_a_fault(tmp_path: Path, kind: str) -> None:
    kill_under(kind, tmp_path, seed=len(kind))
    if kind == "three":
        the_next_run_is_clean(tmp_path)


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_kill_9_of_pytest_at_thirty_moments_over_all_kinds_of_faults(tmp_path: Path, kind: str) -> None:
    kill_under(kind, tmp_path, seed=1000 + list(KINDS).index(kind))
    the_next_run_is_clean(tmp_path)

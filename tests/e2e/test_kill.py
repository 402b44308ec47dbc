"""However a `chaosmesh verify` ends, nothing of it is left: neither processes nor sockets, nor faults in force."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from . import outside
from .command import AIRPORT, chaosmesh, start

pytestmark = pytest.mark.e2e

GONE = 5.0
"""Seconds within which a killed run must have left the machine."""

START = 60.0


@dataclass
class Victim:
    """A verification to be killed, with the run ids and subnets that were seen of it."""

    process: subprocess.Popen[str]
    runs: set[str] = field(default_factory=set)
    subnets: set[str] = field(default_factory=set)

    @property
    def keeper(self) -> int:
        found = outside.keeper_of(self.process.pid)
        assert found is not None
        return found

    def look(self) -> None:
        keeper = outside.keeper_of(self.process.pid)
        if keeper is not None:
            self.runs.add(outside.run_of(keeper))
        for run in self.runs:
            self.subnets |= outside.subnets(run)

    def wait_until_it_serves(self) -> None:
        """Sidecars listen: the mesh is up, and tests are under way soon."""

        def missing() -> str:
            assert self.process.poll() is None, "it ended by itself"
            self.look()
            listening = sum(len(outside.listeners(one)) for one in self.subnets)
            return "" if listening > 20 else f"{listening} sockets listen"

        outside.until(missing, START)

    def watch(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            self.look()
            time.sleep(min(0.1, max(0.0, end - time.monotonic())))

    def left(self) -> str:
        running = [pid for run in self.runs for pid in outside.pids(run)]
        listening = [one for subnet in self.subnets for one in outside.listeners(subnet)]
        return f"pids {running}, listening {listening}" if running or listening else ""


@contextmanager
def victim(folder: Path) -> Iterator[Victim]:
    process = start("verify", AIRPORT, "--runs", folder / "runs", "--seed", "5")
    with process:
        one = Victim(process)
        try:
            yield one
        finally:
            process.kill()
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()


def kill_at_a_random_moment(folder: Path, seed: int) -> None:
    moment = random.Random(seed).uniform(0.2, 20)
    with victim(folder) as one:
        one.watch(moment)
        one.look()
        one.process.kill()
        one.process.wait(10)
        outside.until(one.left, GONE)
        assert one.runs or moment < 3
    swept = chaosmesh("clean")
    assert swept.code == 0
    again = chaosmesh("clean")
    assert not any(run in again.out for run in one.runs), again.out


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_kill_9_of_main_at_a_random_moment(tmp_path: Path, seed: int) -> None:
    kill_at_a_random_moment(tmp_path, seed)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 120))
def test_kill_9_of_main_at_twenty_random_moments(tmp_path: Path, seed: int) -> None:
    kill_at_a_random_moment(tmp_path, seed)


@pytest.mark.parametrize("seconds", [0, 3])
def test_kill_9_of_the_keeper_ends_the_run_with_a_clear_message(tmp_path: Path, seconds: int) -> None:
    with victim(tmp_path) as one:
        one.wait_until_it_serves()
        one.watch(seconds)
        os.kill(one.keeper, signal.SIGKILL)
        _, err = one.process.communicate(timeout=60)
        assert one.process.returncode == 4, err
        assert "keeper" in err
        assert "    → " in err
        assert "Traceback" not in err
        outside.until(one.left, GONE)


@pytest.mark.parametrize("early", [True, False], ids=["while-it-starts", "while-it-runs"])
def test_ctrl_c_heals_and_ends_with_130(tmp_path: Path, early: bool) -> None:
    with victim(tmp_path) as one:
        if early:
            outside.until(lambda: "" if outside.keeper_of(one.process.pid) else "no keeper", START)
            one.look()
        else:
            one.wait_until_it_serves()
            one.watch(2)
        os.killpg(one.process.pid, signal.SIGINT)
        _, err = one.process.communicate(timeout=60)
        assert one.process.returncode == 130, err
        assert "interrupted" in err
        assert "Traceback" not in err
        assert one.left() == ""

"""However a `chaosmesh verify` ends, nothing of it is left: neither processes nor sockets, nor faults in force."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from . import outside
from .command import AIRPORT, start
from .victim import Victim, killed_at_a_random_moment, killed_at_last

pytestmark = pytest.mark.e2e

SERVING = 21
"""So many sockets listen once sidecars do: the mesh is up, and tests are under way soon."""


class Processes(Victim):
    """A verification in processes of this machine."""

    START = 60.0
    GONE = 30.0

    def look(self) -> None:
        keeper = outside.keeper_of(self.process.pid)
        if keeper is not None:
            self.runs.add(outside.run_of(keeper))
        for run in self.runs:
            self.subnets |= outside.subnets(run)

    def running(self) -> tuple[int, str]:
        return sum(len(outside.listeners(one)) for one in self.subnets), "sockets listen"

    def left(self) -> str:
        running = [pid for run in self.runs for pid in outside.pids(run)]
        listening = [one for subnet in self.subnets for one in outside.listeners(subnet)]
        return f"pids {running}, listening {listening}" if running or listening else ""


@contextmanager
def victim(folder: Path) -> Iterator[Processes]:
    with killed_at_last(Processes(start("verify", AIRPORT, "--runs", folder / "runs", "--seed", "5"))) as one:
        yield one


def kill_at_a_random_moment(folder: Path, seed: int) -> None:
    with victim(folder) as one:
        killed_at_a_random_moment(one, seed, latest=20, seen_by=3)


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
        one.until(SERVING)
        one.watch(seconds)
        os.kill(one.keeper, signal.SIGKILL)
        one.ends_with(4, "keeper", "    → ")
        one.gone()


@pytest.mark.parametrize("early", [True, False], ids=["while-it-starts", "while-it-runs"])
def test_ctrl_c_heals_and_ends_with_130(tmp_path: Path, early: bool) -> None:
    with victim(tmp_path) as one:
        if early:
            outside.until(lambda: "" if outside.keeper_of(one.process.pid) else "no keeper", one.START)
            one.look()
        else:
            one.until(SERVING)
            one.watch(2)
        os.killpg(one.process.pid, signal.SIGINT)
        one.ends_with(130, "interrupted")
        assert one.left() == ""

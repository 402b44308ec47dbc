"""However a run in containers ends, nothing of it is left in the engine or on this machine."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from docker import DockerClient

from .. import outside
from ..command import AIRPORT, chaosmesh, start
from ..victim import Victim, killed_at_a_random_moment, killed_at_last
from . import engine as seen

pytestmark = pytest.mark.e2e

ALL = 17
"""Containers of the airport in full: three for each of five replicas, Toxiproxy and its holder."""


class Containers(Victim):
    """A command whose mesh runs in containers."""

    START = 120.0
    GONE = 30.0

    def __init__(self, process: subprocess.Popen[str], engine: DockerClient) -> None:
        super().__init__(process)
        self.engine = engine
        self.reapers: set[int] = set()

    @property
    def run(self) -> str:
        (one,) = self.runs
        return one

    def look(self) -> None:
        self.runs |= seen.runs_of(self.engine, self.process.pid)
        for run in self.runs:
            self.subnets |= {subnet} if (subnet := seen.subnet(self.engine, run)) else set()
            self.reapers |= {pid} if (pid := seen.reaper_of(run)) else set()

    def running(self) -> tuple[int, str]:
        return sum(len(seen.parts(self.engine, run)) for run in self.runs), "containers run"

    def left(self) -> str:
        self.look()
        engine = [name for run in self.runs for name, _ in seen.things(self.engine, run)]
        processes = [pid for run in self.runs for pid in outside.pids(run)]
        processes += [pid for pid in self.reapers if "reaper" in outside.command_line(pid)]
        routes = [one for one in self.subnets if seen.routed(one)]
        return f"{engine}, pids {processes}, routes {routes}" if engine or processes or routes else ""


@contextmanager
def victim(engine: DockerClient, folder: Path, command: str = "verify") -> Iterator[Containers]:
    process = start(command, AIRPORT, "--runtime", "docker", "--runs", folder / "runs")
    with killed_at_last(Containers(process, engine)) as one:
        yield one


@pytest.fixture(autouse=True)
def images(docker_images: dict[str, str]) -> None:
    """What is killed is a run, not a build."""


def kill_at_a_random_moment(engine: DockerClient, folder: Path, seed: int) -> None:
    with victim(engine, folder) as one:
        swept = killed_at_a_random_moment(one, seed, latest=25, seen_by=5)
        assert "container" not in swept.out, "only the temporary folder was left to sweep"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_kill_9_of_main_at_a_random_moment(docker_engine: DockerClient, tmp_path: Path, seed: int) -> None:
    kill_at_a_random_moment(docker_engine, tmp_path, seed)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 110))
def test_kill_9_of_main_at_ten_random_moments(docker_engine: DockerClient, tmp_path: Path, seed: int) -> None:
    kill_at_a_random_moment(docker_engine, tmp_path, seed)


def test_kill_9_of_the_keeper_ends_the_run_with_a_clear_message(
    docker_engine: DockerClient, tmp_path: Path
) -> None:
    with victim(docker_engine, tmp_path) as one:
        one.until(ALL)
        os.kill(one.keeper, signal.SIGKILL)
        one.ends_with(4, "keeper", "    → ")
        one.gone()


def test_kill_9_of_the_reaper_changes_nothing_as_long_as_main_lives(
    docker_engine: DockerClient, tmp_path: Path
) -> None:
    with victim(docker_engine, tmp_path, "up") as one:
        one.until(ALL)
        (reaper,) = one.reapers
        os.kill(reaper, signal.SIGKILL)
        os.killpg(one.process.pid, signal.SIGINT)
        one.ends_with(0)
        assert one.left() == ""


def test_what_nobody_could_remove_clean_removes(docker_engine: DockerClient, tmp_path: Path) -> None:
    """Reaper and main are both killed, the reaper first."""
    with victim(docker_engine, tmp_path, "up") as one, victim(docker_engine, tmp_path, "up") as other:
        one.until(ALL)
        other.until(ALL)
        (reaper,) = one.reapers
        os.kill(reaper, signal.SIGKILL)
        one.process.kill()
        one.process.wait(10)
        outside.until(lambda: str(outside.pids(one.run) or ""), one.GONE)
        assert seen.things(docker_engine, one.run)
        swept = chaosmesh("clean")
        assert swept.code == 0, swept
        assert one.run in swept.out
        one.gone()
        assert len(seen.parts(docker_engine, other.run)) == ALL  # a run that goes on is left alone
        os.killpg(other.process.pid, signal.SIGINT)
        other.ends_with(0)
        assert other.left() == ""


@pytest.mark.parametrize("containers", [1, ALL], ids=["while-it-starts", "while-it-runs"])
def test_ctrl_c_ends_with_130(docker_engine: DockerClient, tmp_path: Path, containers: int) -> None:
    with victim(docker_engine, tmp_path) as one:
        one.until(containers)
        os.killpg(one.process.pid, signal.SIGINT)
        one.ends_with(130, "interrupted")
        assert one.left() == ""

"""However a run in containers ends, nothing of it is left in the engine or on this machine."""

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
from docker import DockerClient

from .. import outside
from ..command import AIRPORT, chaosmesh, start
from . import engine as seen

pytestmark = pytest.mark.e2e

GONE = 30.0
"""Seconds within which a killed run must have left the engine."""
START = 120.0


@dataclass
class Victim:
    """A command to be killed, with what was seen of it."""

    process: subprocess.Popen[str]
    engine: DockerClient
    runs: set[str] = field(default_factory=set)
    subnets: set[str] = field(default_factory=set)
    reapers: set[int] = field(default_factory=set)

    @property
    def run(self) -> str:
        (one,) = self.runs
        return one

    @property
    def keeper(self) -> int:
        found = outside.keeper_of(self.process.pid)
        assert found is not None
        return found

    def look(self) -> None:
        self.runs |= seen.runs_of(self.engine, self.process.pid)
        for run in self.runs:
            self.subnets |= {subnet} if (subnet := seen.subnet(self.engine, run)) else set()
            self.reapers |= {pid} if (pid := seen.reaper_of(run)) else set()

    def until(self, wanted: int) -> None:
        """So many containers run."""

        def missing() -> str:
            assert self.process.poll() is None, self.process.communicate()
            self.look()
            running = sum(len(seen.parts(self.engine, run)) for run in self.runs)
            return "" if running >= wanted else f"{running} containers run"

        outside.until(missing, START)

    def watch(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            self.look()
            time.sleep(min(0.2, max(0.0, end - time.monotonic())))

    def left(self) -> str:
        self.look()
        engine = [name for run in self.runs for name, _ in seen.things(self.engine, run)]
        processes = [pid for run in self.runs for pid in outside.pids(run)]
        processes += [pid for pid in self.reapers if "reaper" in outside.command_line(pid)]
        routes = [one for one in self.subnets if seen.routed(one)]
        return f"{engine}, pids {processes}, routes {routes}" if engine or processes or routes else ""

    def end(self) -> tuple[int, str]:
        """Its exit code and what it said on stderr."""
        _, err = self.process.communicate(timeout=120)
        return self.process.returncode, err


ALL = 17
"""Containers of the airport in full: three for each of five replicas, Toxiproxy and its holder."""


@contextmanager
def victim(engine: DockerClient, folder: Path, command: str = "verify") -> Iterator[Victim]:
    process = start(command, AIRPORT, "--runtime", "docker", "--runs", folder / "runs")
    with process:
        one = Victim(process, engine)
        try:
            yield one
        finally:
            process.kill()
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()


@pytest.fixture(autouse=True)
def images(docker_images: dict[str, str]) -> None:
    """What is killed is a run, not a build."""


def kill_at_a_random_moment(engine: DockerClient, folder: Path, seed: int) -> None:
    moment = random.Random(seed).uniform(0.5, 25)
    with victim(engine, folder) as one:
        one.watch(moment)
        one.look()
        one.process.kill()
        one.process.wait(10)
        outside.until(one.left, GONE)
        assert one.runs or moment < 5
    swept = chaosmesh("clean")  # of the temporary folder
    assert swept.code == 0
    assert "container" not in swept.out
    again = chaosmesh("clean")
    assert not any(run in again.out for run in one.runs), again.out


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
        code, err = one.end()
        assert code == 4, err
        assert "keeper" in err
        assert "    → " in err
        assert "Traceback" not in err
        outside.until(one.left, GONE)


def test_kill_9_of_the_reaper_changes_nothing_as_long_as_main_lives(
    docker_engine: DockerClient, tmp_path: Path
) -> None:
    with victim(docker_engine, tmp_path, "up") as one:
        one.until(ALL)
        (reaper,) = one.reapers
        os.kill(reaper, signal.SIGKILL)
        os.killpg(one.process.pid, signal.SIGINT)
        code, err = one.end()
        assert code == 0, err
        assert "Traceback" not in err
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
        outside.until(lambda: str(outside.pids(one.run) or ""), GONE)
        assert seen.things(docker_engine, one.run)
        swept = chaosmesh("clean")
        assert swept.code == 0, swept
        assert one.run in swept.out
        outside.until(one.left, GONE)
        assert len(seen.parts(docker_engine, other.run)) == ALL  # a run that goes on is left alone
        os.killpg(other.process.pid, signal.SIGINT)
        assert other.end()[0] == 0
        assert other.left() == ""


@pytest.mark.parametrize("containers", [1, ALL], ids=["while-it-starts", "while-it-runs"])
def test_ctrl_c_ends_with_130(docker_engine: DockerClient, tmp_path: Path, containers: int) -> None:
    with victim(docker_engine, tmp_path) as one:
        one.until(containers)
        os.killpg(one.process.pid, signal.SIGINT)
        code, err = one.end()
        assert code == 130, err
        assert "interrupted" in err
        assert "Traceback" not in err
        assert one.left() == ""

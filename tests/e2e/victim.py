"""A command to be killed, and how one sees from outside that nothing of it is left."""

from __future__ import annotations

import random
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar

from . import outside
from .command import Ended, chaosmesh


@dataclass
class Victim(ABC):
    """The process of a command, with the run ids and subnets that were seen of it."""

    START: ClassVar[float]
    """Seconds within which it must be up."""
    GONE: ClassVar[float]
    """Seconds within which nothing may be left of it once it was killed."""

    process: subprocess.Popen[str]
    runs: set[str] = field(default_factory=set, kw_only=True)
    subnets: set[str] = field(default_factory=set, kw_only=True)

    @property
    def keeper(self) -> int:
        found = outside.keeper_of(self.process.pid)
        assert found is not None
        return found

    @abstractmethod
    def look(self) -> None:
        """Remember what can be seen of it now."""

    @abstractmethod
    def left(self) -> str:
        """What is still there of it; "" where nothing is."""

    @abstractmethod
    def running(self) -> tuple[int, str]:
        """How many of its parts run, and what they are called."""

    def until(self, wanted: int) -> None:
        """So many parts run."""

        def missing() -> str:
            assert self.process.poll() is None, self.process.communicate()
            self.look()
            number, parts = self.running()
            return "" if number >= wanted else f"{number} {parts}"

        outside.until(missing, self.START)

    def begun(self) -> None:
        """A run of it is there."""

        def missing() -> str:
            assert self.process.poll() is None, self.process.communicate()
            self.look()
            return "" if self.runs else "no run"

        outside.until(missing, self.START)

    def watch(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            self.look()
            time.sleep(min(0.1, max(0.0, end - time.monotonic())))

    def gone(self) -> None:
        outside.until(self.left, self.GONE)

    def end(self) -> tuple[int, str]:
        """Its exit code and what it said on stderr."""
        _, err = self.process.communicate(timeout=120)
        return self.process.returncode, err

    def ends_with(self, code: int, *words: str) -> None:
        """It ends by itself with the code, says so in these words, and shows no traceback."""
        ended, err = self.end()
        assert ended == code, err
        assert all(word in err for word in words), err
        assert "Traceback" not in err


V = TypeVar("V", bound=Victim)


@contextmanager
def killed_at_last(one: V) -> Iterator[V]:
    """The victim, whose process and pipes are gone afterwards whatever the test did."""
    with one.process:
        try:
            yield one
        finally:
            one.process.kill()
            for stream in (one.process.stdout, one.process.stderr):
                if stream is not None:
                    stream.close()


def killed_at_a_random_moment(one: Victim, seed: int, *, latest: float, seen_by: float) -> Ended:
    """Kill it within `latest` seconds, after `seen_by` not before a run of it is there; see that all of it goes, sweep
    twice: the second `clean` knows nothing of it. The first one's answer."""
    moment = random.Random(seed).uniform(0.2, latest)
    one.watch(moment)
    one.look()
    if moment >= seen_by:
        one.begun()
    one.process.kill()
    one.process.wait(10)
    one.gone()
    swept = chaosmesh("clean")
    assert swept.code == 0
    again = chaosmesh("clean")
    assert not any(run in again.out for run in one.runs), again.out
    return swept

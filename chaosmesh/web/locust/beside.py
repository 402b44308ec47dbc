"""A mesh that Locust brings up beside itself: `chaosmesh up` as a child that ends with it, whatever becomes of Locust."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

import gevent

from chaosmesh.errors import ExitCode
from chaosmesh.load.leading import Lead
from chaosmesh.web.locust.feed import Feed
from chaosmesh.web.locust.tabs import summary

logger = logging.getLogger("chaosmesh")

_START_S = 180.0
_END_S = 30.0
_LAST_WORDS_S = 5.0
_JOIN_S = 10.0
_LOOK_S = 0.05


class NoMeshError(Exception):
    """Raised when the mesh did not come up: what it said, and the exit code that fits."""

    def __init__(self, said: str, code: int) -> None:
        super().__init__(said)
        self.code = code


class Beside:
    """The child. It watches this process, and ends when that is gone."""

    def __init__(self, documents: Sequence[str], scenario: str) -> None:
        argv = [sys.executable, "-P", "-m", "chaosmesh.cli", "up", *documents]
        argv += ["--scenario", scenario] if scenario else []
        self._process = subprocess.Popen(
            [*argv, "--joined-by", str(os.getpid())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for Locust, which ends the test first
        )
        self._said: list[str] = []
        self._reading = gevent.spawn(self._read, self._process.stderr)

    def address(self) -> Mapping[str, Any]:
        """The line of addresses; NoMeshError when none comes in time."""
        out = self._process.stdout
        try:
            with gevent.Timeout(_START_S):
                text = out.readline() if out else ""
        except gevent.Timeout:
            self.end()
            raise NoMeshError(
                f"the mesh did not come up within {_START_S:g} s", ExitCode.ENVIRONMENT
            ) from None
        if not text:
            code = self._process.wait()
            self._reading.join(_LAST_WORDS_S)
            raise NoMeshError("".join(self._said).rstrip() or f"the mesh ended with exit code {code}", code)
        gevent.spawn(_drain, out)
        found: Mapping[str, Any] = json.loads(text)
        return found

    def end(self) -> None:
        """Ends the mesh, which heals its faults first. Harmless when called again."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_S)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _read(self, stream: IO[str]) -> None:
        came_up = False
        for line in stream:
            came_up = came_up or line.startswith("the mesh is up")
            if came_up:
                logger.info(line.rstrip().replace("; Ctrl-C ends it", ""))
            else:
                self._said.append(line)


def bring_up(
    environment: Any, documents: Sequence[str], scenario: str
) -> tuple[Mapping[str, Any], Callable[[Lead], None]]:
    """The addresses of a mesh that runs as long as this Locust does, and what ends it once the test has ended.

    SystemExit with the mesh's own words if it does not come up.
    """
    beside = Beside(documents, scenario)
    try:
        line = beside.address()
    except NoMeshError as error:
        sys.stderr.write(f"{error}\n")
        _dismiss(environment)
        raise SystemExit(error.code or int(ExitCode.ENVIRONMENT)) from None
    tower = line.get("tower")

    def quitting(lead: Lead) -> None:
        environment.runner.stop()
        lead.close()
        if tower is not None:
            _conclude(environment, Feed(tower).state())
        beside.end()

    return line, quitting


def _dismiss(environment: Any) -> None:
    """Locust leaves workers behind that it has forked and that it did not tell to quit."""
    runner, wanted = environment.runner, environment.parsed_options.processes or 0
    until = time.monotonic() + _JOIN_S
    while getattr(runner, "worker_count", 0) < wanted and time.monotonic() < until:
        gevent.sleep(_LOOK_S)
    runner.quit()


def _conclude(environment: Any, state: Mapping[str, Any]) -> None:
    claims = state.get("claims", ())
    if not claims:
        return
    logger.info(summary(claims))
    if any(one["verdict"] == "fail" for one in claims) and environment.process_exit_code is None:
        environment.process_exit_code = int(ExitCode.FAIL)


def _drain(stream: IO[str]) -> None:
    for _ in stream:
        pass

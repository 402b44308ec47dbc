"""The reaper: a process that outlives a killed run and removes its containers, networks and volumes.

It holds a pipe from the run's main process. End of file there without a word before means that main was killed.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time

WITHIN_S = 60.0
"""Seconds in which a reaper tries; then what is left waits for `chaosmesh clean`."""
QUIET_S = 1.0
"""Seconds in which nothing new may appear: the engine may still have been making something."""
DONE = b"done\n"


class Reaper:
    """The run's side of it."""

    def __init__(self, process: subprocess.Popen[bytes], run: str) -> None:
        self._process = process
        self._run = run

    @classmethod
    def start(cls, run: str) -> Reaper:
        """Starts a reaper; it does nothing while this process lives."""
        argv = [sys.executable, "-P", "-m", "chaosmesh.runtime.docker.reaper", run]
        process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return cls(process, run)

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def close(self) -> None:
        """Removes what the run still has in the engine, and ends the reaper. Where the engine can't be asked, the
        reaper goes on trying for a while without us."""
        from chaosmesh.errors import EnvironmentFailedError

        pipe = self._process.stdin
        if pipe is None or pipe.closed:
            return
        try:
            reap(self._run)
        except EnvironmentFailedError:
            pipe.close()
            return
        with contextlib.suppress(OSError):
            pipe.write(DONE)
        with contextlib.suppress(OSError):
            pipe.close()
        self._process.wait()


def reap(run: str, within: float = WITHIN_S, quiet: float = 0.0) -> bool:
    """Removes everything of a run until nothing has been there for `quiet` seconds; False when time ran out.

    Raises EnvironmentFailedError when the engine can't be asked.
    """
    from chaosmesh.runtime.docker import leftovers
    from chaosmesh.runtime.docker.engine import connect

    client = connect()
    end = time.monotonic() + within
    clear_since: float | None = None
    try:
        while time.monotonic() < end:
            found = leftovers.of(client, run)
            if found:
                clear_since = None
                leftovers.remove(found)
                continue
            clear_since = clear_since or time.monotonic()
            if time.monotonic() - clear_since >= quiet:
                return True
            time.sleep(0.1)
    finally:
        client.close()
    return False


def main() -> None:
    """Waits for the end of the run; argument: the run's id."""
    if sys.stdin.buffer.read() == DONE:
        return
    from chaosmesh.errors import EnvironmentFailedError

    end = time.monotonic() + WITHIN_S
    while time.monotonic() < end:
        try:
            reap(sys.argv[1], quiet=QUIET_S)
        except EnvironmentFailedError:
            time.sleep(1.0)  # the engine may be starting again
            continue
        return


if __name__ == "__main__":
    main()

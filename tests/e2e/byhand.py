"""A mesh that is up, one request that somebody sends by hand, and its end."""

from __future__ import annotations

import json
import signal
import urllib.request
from pathlib import Path

from .command import AIRPORT, start

REQUEST = "by-hand-1"


def asked_by_hand(runs: Path, *options: str) -> Path:
    """The run folder of a `chaosmesh up` of the airport with these options, which answered the request `REQUEST`."""
    with start("up", AIRPORT, "--runs", runs, *options) as process:
        try:
            assert process.stdout is not None
            (entry,) = json.loads(process.stdout.readline())["entry"].values()
            asked = urllib.request.Request(f"{entry}/flights/NH10", headers={"x-request-id": REQUEST})
            with urllib.request.urlopen(asked, timeout=20) as answer:
                assert answer.status == 200
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=120)
            assert process.returncode == 0, err
        finally:
            process.kill()
    (folder,) = runs.glob("*/latest")
    return folder

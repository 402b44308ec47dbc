"""How long `chaosmesh up` takes on the airport, from its start to the first 200 at the entry, beside five bare Envoys."""

from __future__ import annotations

import json
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from benchmarks.row import Row
from chaosmesh.envoy import command

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 5
SIDECARS = 5
DEADLINE = 60.0


def run() -> list[Row]:
    """Alternating rounds, medians of both."""
    ours, bare = [], []
    for _ in range(ROUNDS):
        bare.append(_bare())
        ours.append(_up())
    median, floor = statistics.median(ours), statistics.median(bare)
    return [
        Row(
            f"up → first 200, {SIDECARS} sidecars",
            f"{median:.2f} s",
            "2 s",
            f"{floor:.2f} s bare",
            median / 2,
        ),
        Row("the same ÷ 5 bare Envoys", f"{median / floor:.1f} ×", "2.5 ×", "1 ×", median / floor / 2.5),
    ]


def _up() -> float:
    with tempfile.TemporaryDirectory() as runs:
        begin = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "chaosmesh.cli", "up", str(ROOT / "fixtures/airport"), "--runs", runs],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdout is not None
        entry = json.loads(process.stdout.readline())["entry"]["departures"]
        _until_200(f"{entry}/flights/NH10", begin)
        seconds = time.monotonic() - begin
        process.send_signal(signal.SIGINT)
        process.wait(DEADLINE)
        return seconds


def _bare() -> float:
    """Five Envoys with nothing but an admin port, until all are ready."""
    with tempfile.TemporaryDirectory() as folder:
        urls, configs = [], []
        for index in range(SIDECARS):
            address = {"address": f"127.251.0.{index + 1}", "port_value": 9901}
            path = Path(folder) / f"{index}.json"
            path.write_text(json.dumps({"admin": {"address": {"socket_address": address}}}))
            configs.append(path)
            urls.append(f"http://{address['address']}:9901/ready")
        begin = time.monotonic()
        started = [subprocess.Popen(command(path, log_level="critical")) for path in configs]
        for url in urls:
            _until_200(url, begin)
        seconds = time.monotonic() - begin
        for one in started:
            one.terminate()
        for one in started:
            one.wait(DEADLINE)
        return seconds


def _until_200(url: str, begin: float) -> None:
    seen = "nothing"
    while time.monotonic() - begin < DEADLINE:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError) as error:
            seen = str(error)
    raise TimeoutError(f"{url}: no 200 within {DEADLINE:g} s; last seen: {seen}")

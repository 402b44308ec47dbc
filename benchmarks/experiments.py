"""The folder `experiments/`, run as users run it: how many claims are decided at the first run, and how long it all takes.

A judge that never decides would never be wrong: this is the other half of what a verdict is worth. On a machine that is
starved claims are rightly `invalid`; figures of it say nothing.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.row import Row

ROOT = Path(__file__).resolve().parent.parent
DECIDED = ("pass", "fail")
WANTED = 0.98
MEDIAN_S = 8.0
WHOLE_S = 360.0


@dataclass(frozen=True, slots=True)
class Told:
    """What a session of experiments shows: `claims` in all, those decided by their first stream of load, seconds of
    each test that ran, and tests that failed."""

    claims: int
    first: int
    seconds: tuple[float, ...]
    failed: tuple[str, ...]


def run() -> list[Row]:
    """One session; failed tests are printed, and count against it."""
    with tempfile.TemporaryDirectory() as folder:
        runs, junit = Path(folder) / "runs", Path(folder) / "junit.xml"
        command = ["-m", "pytest", "-q", "experiments", "--chaos-report", str(runs), f"--junitxml={junit}"]
        begin = time.monotonic()
        subprocess.run([sys.executable, *command], cwd=ROOT, check=False, stdout=subprocess.DEVNULL)
        whole = time.monotonic() - begin
        return rows(told(runs, junit), whole)


def rows(one: Told, whole: float) -> list[Row]:
    """The figures of a session that took `whole` seconds."""
    share = one.first / one.claims if one.claims else 0.0
    median = statistics.median(one.seconds) if one.seconds else float("inf")
    for name in one.failed:
        print(f"failed: {name}")
    return [
        Row(
            "claims decided at the first run",
            f"{share:.1%} of {one.claims}",
            "98 %",
            "–",
            (1 - share) / (1 - WANTED),
        ),
        Row("median experiment", f"{median:.1f} s", f"{MEDIAN_S:g} s", "–", median / MEDIAN_S),
        Row("the whole folder", f"{whole:.0f} s", f"{WHOLE_S:g} s", "–", whole / WHOLE_S),
        Row("experiments that failed", str(len(one.failed)), "0", "–", 2.0 * len(one.failed)),
    ]


def told(runs: Path, junit: Path) -> Told:
    """By the run folders and the JUnit file of a session."""
    claims = first = 0
    for expectation in _expectations(runs):
        alone = len(expectation["streams"]) == 1 and expectation["verdict"] != "invalid"
        for claim in expectation["claims"]:
            claims += 1
            first += alone and claim["verdict"] in DECIDED
    cases = [one for one in ET.parse(junit).getroot().iter("testcase") if one.find("skipped") is None]
    failed = [
        one.get("name", "")
        for one in cases
        if one.find("failure") is not None or one.find("error") is not None
    ]
    return Told(claims, first, tuple(float(one.get("time", 0)) for one in cases), tuple(failed))


def _expectations(runs: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(runs.glob("*/2*/run.json")):
        document = json.loads(file.read_text(encoding="utf-8"))
        yield from (one for one in document.get("expectations", ()) if one["facts"] is not None)

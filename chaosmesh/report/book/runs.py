"""What every kind of run tells of itself: configuration, environment, notes, and how to run it again."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from chaosmesh.engine.folder import EVENTS
from chaosmesh.engine.summary import Summary
from chaosmesh.engine.surroundings import NAME as SURROUNDINGS
from chaosmesh.report import words
from chaosmesh.report.book.model import Fact

_PROFILES = {
    "appmesh": "App Mesh defaults",
    "appmesh-legacy": "App Mesh defaults before 2020-07-29",
    "envoy": "Envoy defaults",
}


def when(summary: Summary) -> str:
    """When the run began, UTC."""
    return summary.at.strftime("%Y-%m-%d %H:%M UTC")


def configuration_of(summary: Summary) -> tuple[Fact, ...]:
    """What was asked for."""
    pairs = [
        (
            "Profile",
            f"{summary.profile}: {_PROFILES[summary.profile]}" if summary.profile in _PROFILES else "",
        ),
        ("Runtime", summary.runtime),
        ("Seed", "" if summary.seed is None else str(summary.seed)),
        ("Policy (SHA-256 of its documents)", summary.policy),
        ("Run folder", summary.folder),
    ]
    return tuple(Fact(name, words.clean(value)) for name, value in pairs if value)


def environment_of(summary: Summary) -> tuple[Fact, ...]:
    """What it ran on."""
    host, versions = summary.host, summary.versions
    load = ", ".join(f"{one:.2f}" for one in host.load)
    pairs = [
        ("chaosmesh", versions.get("chaosmesh")),
        ("Envoy", versions.get("envoy")),
        ("Python", versions.get("python")),
        ("Commit", versions.get("commit")),
        ("Cores", None if host.cores is None else str(host.cores)),
        ("Load of the host (1, 5, 15 min, at the end)", load),
        ("Clock ticks more than 50 ms late", _share(host.starved, "valid up to 1 %")),
        ("Requests sent more than 5 ms late", _share(host.late, "a late generator makes a result invalid")),
    ]
    return tuple(Fact(name, words.clean(value)) for name, value in pairs if value)


def notes_of(folder: Path) -> tuple[str, ...]:
    """What was said while it ran."""
    file = folder / EVENTS
    if not file.is_file():
        return ()
    with file.open(encoding="utf-8") as lines:
        told = (
            json.loads(line) for line in lines if line.startswith('{"event":"Note"') and line.endswith("\n")
        )
        return tuple(words.clean(one["text"]) for one in told)


def again(folder: Path, summary: Summary) -> tuple[str, ...]:
    """Commands: the same run once more, its verdict once more, and its requests one by one."""
    run = shlex.quote(summary.folder)
    if summary.kind == "experiment":
        command = shlex.join(["pytest", summary.name, "--chaos-seed", str(summary.seed or 0)])
    else:
        file = folder / SURROUNDINGS
        command = json.loads(file.read_text("utf-8")).get("command", "") if file.is_file() else ""
    rest = [] if summary.kind in ("canary", "gate", "up") else [f"chaosmesh judge {run}"]
    traced = [] if summary.kind == "gate" else [f"chaosmesh trace {run} --failed"]
    return tuple(words.clean(one) for one in [command, *rest, *traced] if one)


def _share(value: float | None, about: str) -> str | None:
    return None if value is None else f"{value * 100:.2g} % ({about})"

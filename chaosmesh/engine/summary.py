"""The summary of a run (`chaosmesh.summary/1`): small, the same form for every kind of run, fit to be kept for years."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chaosmesh.engine.absent import absent
from chaosmesh.engine.folder import RUN_JSON, RunFolder
from chaosmesh.engine.summary_items import Item, Told, told
from chaosmesh.engine.surroundings import NAME as SURROUNDINGS
from chaosmesh.engine.surroundings import digest
from chaosmesh.errors import UsageError, Where

SCHEMA = "chaosmesh.summary/1"
NAME = "summary.json"

STAMP = "%Y-%m-%dT%H-%M-%SZ"
"""How a run folder is named after its time."""


@dataclass(frozen=True, slots=True)
class Host:
    """What ran the run: cores, load averages over 1, 5 and 15 minutes, the share of the keeper's ticks that came late
    (`starved`) and of the requests that were sent late (`late`); None where it was not measured."""

    cores: int | None = None
    load: tuple[float, ...] = ()
    starved: float | None = None
    late: float | None = None

    def as_json(self) -> dict[str, Any]:
        """The entry `host`."""
        return {"cores": self.cores, "load": list(self.load), "starved": self.starved, "late": self.late}


@dataclass(frozen=True, slots=True)
class Summary:
    """One run. `at` is UTC; `kind`: "verify", "experiment", "canary", "gate", or "night" for several runs added up.

    `policy`: SHA-256 of the documents, by name and content; "" where it is not known.
    """

    name: str
    at: datetime
    kind: str
    folder: str
    verdict: str
    exit: int
    duration_s: float
    seed: int | None
    runtime: str
    profile: str
    versions: Mapping[str, str | None]
    host: Host
    policy: str
    items: tuple[Item, ...]

    def as_json(self) -> dict[str, Any]:
        """The document of `summary.json`."""
        return {
            "schema": SCHEMA,
            "name": self.name,
            "at": self.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "kind": self.kind,
            "folder": self.folder,
            "verdict": self.verdict,
            "exit": self.exit,
            "duration_s": self.duration_s,
            "seed": self.seed,
            "runtime": self.runtime,
            "profile": self.profile,
            "versions": dict(self.versions),
            "host": self.host.as_json(),
            "policy": self.policy,
            "items": [one.as_json() for one in self.items],
        }


def summarize(folder: Path) -> Summary:
    """The summary of a run folder of any kind, from its `run.json` and what it ran on. UsageError where there is none."""
    document = _read(folder / RUN_JSON)
    around = _read(folder / SURROUNDINGS) if (folder / SURROUNDINGS).is_file() else {}
    host = around.get("host") or {}
    try:
        found: Told = told(document, folder)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        text = f"{folder / RUN_JSON} is damaged: {type(error).__name__} {error}"
        raise UsageError(text, hint="take another run folder, or run it again") from error
    return Summary(
        name=found.name,
        at=_when(folder),
        kind=found.kind,
        folder=str(folder),
        verdict=found.verdict,
        exit=found.exit,
        duration_s=round(found.duration_s, 3),
        seed=document.get("seed"),
        runtime=document.get("runtime") or around.get("runtime", "process"),
        profile=document.get("profile", ""),
        versions=around.get("versions", {}),
        host=Host(host.get("cores"), tuple(host.get("load", ())), host.get("starved"), host.get("late")),
        policy=around.get("policy") or _documents(folder),
        items=found.items,
    )


def write_summary(folder: Path) -> Summary:
    """Write `summary.json` into a run folder that holds its `run.json`."""
    summary = summarize(folder)
    RunFolder(folder).write_json(NAME, summary.as_json())
    return summary


def _documents(folder: Path) -> str:
    kept = folder / "config" / "documents"
    return digest(one for one in kept.iterdir() if one.is_file()) if kept.is_dir() else ""


def _when(folder: Path) -> datetime:
    try:
        return datetime.strptime(folder.resolve().name.partition(".")[0], STAMP).replace(tzinfo=UTC)
    except ValueError:
        return datetime.fromtimestamp((folder / RUN_JSON).stat().st_mtime, UTC)


def _read(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise absent(file.parent, file.name) from None
    except json.JSONDecodeError as error:
        text = f"this is no JSON: {error.msg}"
        raise UsageError(text, where=Where(str(file), error.lineno, error.colno)) from error
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} can't be read: {error}") from error
    if not isinstance(document, dict):
        raise UsageError("this is no run", where=Where(str(file)))
    return document

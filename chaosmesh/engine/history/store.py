"""The folder that keeps nights: one small file a night, named so that branches and machines never meet."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from chaosmesh.engine.absent import LATEST
from chaosmesh.engine.folder import RUN_JSON
from chaosmesh.engine.history.parsing import read_summary
from chaosmesh.engine.summary import NAME, Host, Summary, summarize
from chaosmesh.errors import DocumentError, Problem, UsageError

STAMP = "%Y-%m-%dT%H-%M-%SZ"
WORST = ("fail", "invalid", "inconclusive", "pass")


@dataclass(frozen=True, slots=True)
class Night:
    """One file of the folder. `clock`: there are others of the same day, so its time is told too."""

    file: Path
    summary: Summary
    clock: bool = False

    @property
    def label(self) -> str:
        """Its date, as it is spoken of."""
        return self.summary.at.strftime("%Y-%m-%d %H:%M" if self.clock else "%Y-%m-%d")


def read(folder: Path, since: date | None = None) -> list[Night]:
    """Every night of a folder (and of folders in it), oldest first. DocumentError with all files that are no summaries;
    UsageError where there is no folder, where it is a run, and where there is no night in it (since then)."""
    if (
        run := next((one for one in (folder, folder / LATEST) if (one / RUN_JSON).is_file()), None)
    ) is not None:
        text = f"{folder} is a run" if run is folder else f"{folder} holds whole runs"
        hint = f"chaosmesh history history --add {run} keeps a night of it"
        raise UsageError(f"{text}, no folder of nights", hint=hint)
    if not folder.is_dir():
        hint = f"chaosmesh history {folder} --add runs/NAME/latest makes it"
        raise UsageError(f"there is no folder {folder}", hint=hint)
    problems: list[Problem] = []
    nights: list[Night] = []
    for file in sorted(folder.rglob("*.json")):
        if any(part.startswith(".") for part in file.relative_to(folder).parts):
            continue
        try:
            nights.append(Night(file, read_summary(file)))
        except DocumentError as error:
            problems += error.problems
    if problems:
        raise DocumentError(problems)
    if not nights:
        hint = f"chaosmesh history {folder} --add runs/NAME/latest"
        raise UsageError(f"{folder} holds no nights", hint=hint)
    ordered = sorted(nights, key=lambda one: (one.summary.at, one.summary.name, str(one.file)))
    kept = [one for one in ordered if since is None or one.summary.at.date() >= since]
    if not kept:
        raise UsageError(f"--since {since}: no night is as late", hint=f"the last one is {ordered[-1].label}")
    days = Counter(one.summary.at.date() for one in kept)
    return [replace(one, clock=days[one.summary.at.date()] > 1) for one in kept]


def add(folder: Path, runs: Sequence[Path]) -> Path:
    """Keep runs (folders, or files of summaries) as one night; the file. The same night twice is one file."""
    summaries = [_of(one) for one in runs]
    night = summaries[0] if len(summaries) == 1 else together(summaries)
    lines = [json.dumps(one.as_json(), ensure_ascii=False) for one in night.items]
    head = json.dumps({**night.as_json(), "items": []}, indent=1, ensure_ascii=False)
    text = head.removesuffix("[]\n}") + "[\n  " + ",\n  ".join(lines) + "\n ]\n}\n"
    mark = hashlib.sha256(text.encode()).hexdigest()[:8]
    file = folder / f"{night.at.strftime(STAMP)}-{_plain(night.name)}-{mark}.json"
    folder.mkdir(parents=True, exist_ok=True)
    scratch = file.with_name(f".{file.name}.part")
    scratch.write_text(text, encoding="utf-8")
    scratch.replace(file)
    return file


def together(summaries: Sequence[Summary]) -> Summary:
    """Several runs as one night: the earliest time, the worst verdict, all items; whose name is the run's own where two
    runs have an item of the same id. UsageError where these runs have one name, too."""
    first = min(summaries, key=lambda one: one.at)
    worst = min(summaries, key=lambda one: WORST.index(one.verdict) if one.verdict in WORST else 0)
    ids = [item.id for one in summaries for item in one.items]
    twice = {one for one in ids if ids.count(one) > 1} if len(set(ids)) < len(ids) else set()
    names = {one.name for one in summaries}
    policies = {one.policy for one in summaries if one.policy}
    named = [
        tuple(replace(item, id=f"{one.name}: {item.id}") if item.id in twice else item for item in one.items)
        for one in summaries
    ]
    runs = Counter(name for items in named for name in dict.fromkeys(one.id for one in items))
    if clash := next((name for name, number in runs.items() if number > 1), ""):
        raise UsageError(
            f"two of these runs have {clash}: a night has it once",
            hint="keep them as two nights: one command with --add for each",
        )
    return replace(
        first,
        name=first.name if len(names) == 1 else "night",
        kind="night",
        verdict=worst.verdict,
        exit=worst.exit,
        duration_s=round(sum(one.duration_s for one in summaries), 3),
        folder="",
        host=_host(summaries),
        policy=hashlib.sha256("".join(sorted(policies)).encode()).hexdigest()
        if len(policies) > 1
        else "".join(policies),
        items=tuple(item for items in named for item in items),
    )


def _host(summaries: Sequence[Summary]) -> Host:
    """The worst that any of the runs met."""
    hosts = [one.host for one in summaries]
    starved = [one.starved for one in hosts if one.starved is not None]
    late = [one.late for one in hosts if one.late is not None]
    load = max((one.load for one in hosts), default=())
    return Host(hosts[0].cores, load, max(starved, default=None), max(late, default=None))


def _of(run: Path) -> Summary:
    if run.name == RUN_JSON and run.is_file():
        run = run.parent
    if run.is_file():
        return read_summary(run)
    return read_summary(run / NAME) if (run / NAME).is_file() else summarize(run)


def _plain(name: str) -> str:
    kept = "".join(one if one.isalnum() or one in "-_." else "-" for one in name.rpartition("::")[2])
    return kept.strip("-.")[:60] or "run"

"""What a gate keeps of itself in its run folder, beside its parts' own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.gate.plan import Planned
from chaosmesh.engine.gate.result import GateResult
from chaosmesh.engine.gate.verifying import Subject
from chaosmesh.engine.kept import keep_documents, keep_picture
from chaosmesh.engine.rendering import layout_of
from chaosmesh.engine.summary import write_summary
from chaosmesh.engine.surroundings import NAME, digest_of, surroundings


def keep(folder: RunFolder, found: GateResult, planned: Planned, subject: Subject) -> None:
    """Write `run.json`, the documents, the picture of the mesh, what it ran on, and from all these `summary.json`."""
    folder.write_json("run.json", found.as_json())
    keep_documents(folder, subject.resources, subject.scenario)
    entries = layout_of(planned.mesh, subject.scenario, "gate", "127.16").entries
    keep_picture(folder, planned.mesh, entries, tuple(subject.scenario.externals))
    hosts = list(_hosts(folder.path))
    policy = digest_of(subject.resources, subject.scenario)
    body = surroundings(found.runtime, policy, starved=_most(hosts, "starved"), late=_most(hosts, "late"))
    folder.write_json(NAME, body)
    write_summary(folder.path)


def _hosts(folder: Path) -> Iterator[dict[str, Any]]:
    for file in sorted((folder / "parts").rglob(NAME)):
        if not any(one.is_symlink() for one in file.parents):
            yield json.loads(file.read_text(encoding="utf-8"))["host"]


def _most(hosts: list[dict[str, Any]], key: str) -> float | None:
    """The worst of all parts; None where none measured it."""
    return max((one[key] for one in hosts if one.get(key) is not None), default=None)

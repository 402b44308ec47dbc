"""A run folder as a book: which kind of run it is, and who reads each part."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaosmesh.engine.folder import LEDGER_FILES
from chaosmesh.engine.kept import kept_picture
from chaosmesh.engine.results_read import result_of
from chaosmesh.engine.summary import Summary, summarize
from chaosmesh.errors import UsageError
from chaosmesh.report.book import (
    canaries,
    claims,
    curves,
    documents,
    edges,
    load,
    runs,
    stories,
    verification,
)
from chaosmesh.report.book.data import Data
from chaosmesh.report.book.model import Book

RUN = "run.json"


def read(folder: Path) -> Book:
    """The book of a run folder. UsageError where it is none, or is damaged."""
    summary = summarize(folder)
    document: dict[str, Any] = json.loads((folder / RUN).read_text("utf-8"))
    try:
        return (
            _verified(folder, summary, document)
            if summary.kind == "verify"
            else _other(folder, summary, document)
        )
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OSError) as error:
        text = f"{folder / RUN} is damaged, or of another version: {type(error).__name__} {error}"
        raise UsageError(text, hint="take another run folder, or run it again") from error


def _verified(folder: Path, summary: Summary, document: Mapping[str, Any]) -> Book:
    result = result_of(document)
    streams: dict[int, str] = {}
    for cell in result.matrix:
        streams |= {one: cell.fault.label for one in cell.streams if one not in streams}
    about = "the requests of the matrix (one fault after the other; probes of single rules are left out)"
    return Book(
        kind="verify",
        name=result.mesh,
        at=runs.when(summary),
        verdict=verification.verdict_of(result),
        facts=verification.facts_of(result),
        problems=verification.problems_of(result),
        result=result,
        documents=documents.documents_of(folder, result),
        configuration=(*runs.configuration_of(summary), *verification.configuration_of(result)),
        notes=runs.notes_of(folder),
        **_common(folder, summary),
        **(_measured(folder, streams, about) if streams else {}),
    )


def _other(folder: Path, summary: Summary, document: Mapping[str, Any]) -> Book:
    streams = claims.streams_of(document)
    found = claims.claims_of(summary)
    splits = canaries.splits_of(document)
    measured = any((folder / one).exists() for one in LEDGER_FILES)
    about = "the requests of the expectations" if streams else "every request of the run"
    return Book(
        kind=summary.kind,
        name=summary.name,
        at=runs.when(summary),
        verdict=claims.verdict_of(summary, document),
        facts=claims.facts_of(summary, document),
        problems=claims.problems_of(summary, document),
        claims=found,
        splits=splits,
        documents=documents.documents_of(folder, None),
        configuration=(*runs.configuration_of(summary), *claims.configuration_of(document)),
        **_common(folder, summary),
        **(_measured(folder, streams, about) if measured else {}),
    )


def _common(folder: Path, summary: Summary) -> dict[str, Any]:
    return {
        "picture": kept_picture(folder),
        "environment": runs.environment_of(summary),
        "again": runs.again(folder, summary),
    }


def _measured(folder: Path, streams: Mapping[int, str], about: str) -> dict[str, Any]:
    """The parts that come from the tables."""
    faults = load.windows_of(folder)
    parts = len(set(streams.values())) > 1
    with Data(folder, streams) as data:
        return {
            "load": load.load_of(data, faults, about),
            "curves": curves.by_part(data) if parts else curves.by_phase(data, faults),
            "edges": edges.edges_of(data),
            "left_out": edges.left_out(data),
            "stories": stories.stories_of(folder, data),
        }

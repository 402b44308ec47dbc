"""The verdict of a run once more, from its folder alone: without a mesh, with the same α or another.

Told again of a mesh with its control tower: every expectation of each episode, from its counts. Of an experiment: every claim, from its facts and the ledger. Of a verification: every cell of the matrix,
from the requests of its streams and the goal, the summary and the exit code. Taken over as it stands: canaries, checks of the
policy's rules, what made a cell invalid (a late generator, a starved host, a fault that met nothing), and what was
counted under a replica that hangs or crashed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from chaosmesh.engine.absent import absent
from chaosmesh.engine.experiment import record
from chaosmesh.engine.folder import RUN_JSON, digests
from chaosmesh.engine.rejudge.experiments import experiment
from chaosmesh.engine.rejudge.told import AGAIN, Json, Line, Rejudged
from chaosmesh.engine.rejudge.towers import tower
from chaosmesh.engine.rejudge.verifications import verification
from chaosmesh.engine.results import SCHEMA as VERIFY
from chaosmesh.engine.tower.record import SCHEMA as UP
from chaosmesh.errors import UsageError

__all__ = ["Line", "Rejudged", "rejudge"]


def rejudge(run: Path, alpha: float | None = None) -> Rejudged:
    """Judge a run folder (or its run.json) again. `alpha`: of the whole run; None: as it was.

    UsageError for what is missing, damaged or changed: then nothing can be told.
    """
    folder = run.parent if run.name == RUN_JSON else run
    document = _read(folder / RUN_JSON)
    kinds: dict[str, Callable[[Path, Json, float | None], Rejudged]] = {
        record.SCHEMA: experiment,
        VERIFY: verification,
        UP: tower,
    }
    how = kinds.get(str(document.get("schema")))
    if how is None:
        raise UsageError(f"{folder / RUN_JSON}: no run of this version", hint=AGAIN)
    try:
        _unchanged(folder, document)
        return how(folder, document, alpha)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        text = f"{folder / RUN_JSON} is damaged: {type(error).__name__} {error}"
        raise UsageError(text, hint=AGAIN) from error


def _read(file: Path) -> Json:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise absent(file.parent, file.name) from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} can't be read: {error}", hint=AGAIN) from error
    if not isinstance(document, dict):
        raise UsageError(f"{file} is no run", hint=AGAIN)
    return document


def _unchanged(folder: Path, document: Json) -> None:
    if "seal" in document and document["seal"] != record.seal(document):
        raise UsageError(f"{folder / RUN_JSON} was changed after the run", hint=AGAIN)
    try:
        found = digests(folder)
    except FileNotFoundError as error:
        raise UsageError(f"{error.filename} is missing", hint=AGAIN) from None
    except OSError as error:
        raise UsageError(f"{error.filename} can't be read: {error.strerror}", hint=AGAIN) from None
    for name, digest in document["files"].items():
        if found.get(name) != digest:
            raise UsageError(f"{folder / name} was changed after the run", hint=AGAIN)

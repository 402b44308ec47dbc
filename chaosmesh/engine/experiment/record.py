"""run.json of an experiment: what was found, and everything that its verdicts can be told from again.

`expectations` has an entry for each `expect`. Of an entry `verdict`, `reason` and `claims` are the verdict;
`facts` and the ledger beside the file are what it follows from. `verdict_hash` is over facts and verdicts, `seal` over
the whole document, `files` over the files beside it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chaosmesh.engine.experiment.result import Run
from chaosmesh.engine.folder import digests
from chaosmesh.judge import worst

SCHEMA = "chaosmesh.experiment/1"
VERDICT = ("verdict", "reason", "claims")
"""What of an expectation another α may change."""


def document(folder: Path, about: Mapping[str, Any], runs: Sequence[Run]) -> dict[str, Any]:
    """The document for a folder that holds the ledger already."""
    entries = [one.as_json() for one in runs]
    body: dict[str, Any] = {
        "schema": SCHEMA,
        **about,
        "verdict": worst(one.verdict for one in runs).value,
        "expectations": entries,
        "verdict_hash": verdict_hash(entries),
        "files": digests(folder),
    }
    return {**body, "seal": seal(body)}


def verdict_hash(entries: Sequence[Mapping[str, Any]]) -> str:
    """The same for the same facts and verdicts, whatever else an entry holds."""
    return _hash([{name: one.get(name) for name in ("facts", *VERDICT)} for one in entries])


def seal(body: Mapping[str, Any]) -> str:
    """Over everything but the seal itself."""
    return _hash({name: value for name, value in body.items() if name != "seal"})


def _hash(tree: Any) -> str:
    text = json.dumps(tree, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()

"""run.json of an experiment: what was found, and everything that its verdicts can be told from again.

`expectations` has an entry for each `expect`. Of an entry `verdict`, `reason` and `claims` are the verdict;
`facts` and the ledger beside the file are what it follows from, less the rows of attempts.parquet (by number, from 0)
in `late`: work that nobody waited for, and that came in after the verdict. `verdict_hash` is over facts and verdicts, `seal` over
the whole document, `files` over the files beside it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from chaosmesh.engine.experiment.result import Run
from chaosmesh.engine.folder import digests
from chaosmesh.judge import worst
from chaosmesh.ledger import Ledger
from chaosmesh.ledger.rows import order
from chaosmesh.load import stream_of

SCHEMA = "chaosmesh.experiment/1"
VERDICT = ("verdict", "reason", "claims")
"""What of an expectation another α may change."""


def document(folder: Path, about: Mapping[str, Any], runs: Sequence[Run]) -> dict[str, Any]:
    """The document for a folder that holds the ledger already."""
    entries = [{**one.as_json(), "late": late_rows(one)} for one in runs]
    body: dict[str, Any] = {
        "schema": SCHEMA,
        **about,
        "verdict": worst(one.verdict for one in runs).value,
        "expectations": entries,
        "verdict_hash": verdict_hash(entries),
        "files": digests(folder),
    }
    return {**body, "seal": seal(body)}


def late_rows(run: Run) -> list[int]:
    """Numbers of the run's rows, in the order of the file, that were not there when it was judged."""
    rows = run.ledger.rows
    late = (
        {id(one) for one in rows[run.rows :] if stream_of(one.request_id) in run.streams}
        if run.rows
        else set()
    )
    return [number for number, one in enumerate(sorted(rows, key=order)) if id(one) in late] if late else []


def in_time(ledger: Ledger, late: Iterable[int]) -> Ledger:
    """A ledger as it was when a run was judged; what `late_rows` gave is left out."""
    out = frozenset(late)
    if not out:
        return ledger
    found = Ledger(ledger.addresses)
    found.faults.extend(ledger.faults)
    found.connections.update(ledger.connections)
    for stream, one in ledger.records:
        found.add_records(stream, [one])
    found.add_rows(row for number, row in enumerate(ledger.rows) if number not in out)
    for sidecar, at_ns in ledger.killed.items():
        found.sidecar_killed(sidecar, at_ns)
    return found


def verdict_hash(entries: Sequence[Mapping[str, Any]]) -> str:
    """The same for the same facts and verdicts, whatever else an entry holds."""
    return _hash([{name: one.get(name) for name in ("facts", "late", *VERDICT)} for one in entries])


def seal(body: Mapping[str, Any]) -> str:
    """Over everything but the seal itself."""
    return _hash({name: value for name, value in body.items() if name != "seal"})


def _hash(tree: Any) -> str:
    text = json.dumps(tree, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()

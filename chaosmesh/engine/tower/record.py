"""run.json of `chaosmesh up --ui`, schema "chaosmesh.up/1": every episode with its faults, its documents and the evidence
of its expectations. The verdicts follow from the evidence alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from chaosmesh.engine.folder import RunFolder, digests
from chaosmesh.engine.tower.episodes import Episode
from chaosmesh.judge import Verdict, worst

SCHEMA: Final = "chaosmesh.up/1"


def document(
    folder: RunFolder, about: Mapping[str, Any], episodes: Sequence[Episode], total: Mapping[str, int]
) -> dict[str, Any]:
    """The document for a folder that holds the ledger's files already."""
    told = [one.as_json() for one in episodes]
    verdicts = [Verdict(claim["verdict"]) for one in told for claim in one["claims"] if claim["n"]]
    return {
        "schema": SCHEMA,
        **about,
        "verdict": worst(verdicts).value if verdicts else Verdict.INCONCLUSIVE.value,
        "requests": dict(total),
        "episodes": told,
        "files": digests(folder.path),
    }

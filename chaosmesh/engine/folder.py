"""The run folder: `runs/<name>/<utc>/`, and `runs/<name>/latest` pointing at it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chaosmesh.errors import EnvironmentFailedError
from chaosmesh.ledger.store import ATTEMPTS, FAULTS, REQUESTS

LEDGER_FILES = (REQUESTS, ATTEMPTS, FAULTS)
RUN_JSON = "run.json"
EVENTS = "events.ndjson"
"""What happened, in order, a JSON object a line."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Where a run keeps what its verdicts can be recomputed from."""

    path: Path

    @classmethod
    def create(cls, root: Path, name: str) -> RunFolder:
        """A new folder named after the present UTC time; two in one second get a counter."""
        base = root / name
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
        try:
            path = _fresh(base, stamp)
            for part in ("config", "logs"):
                (path / part).mkdir()
            _point(base / "latest", path.name)
        except OSError as error:
            raise EnvironmentFailedError(
                f"{base}: no run folder can be made here ({error.strerror})",
                hint="choose another place: --runs DIR, in pytest --chaos-report DIR",
            ) from error
        return cls(path)

    @property
    def logs(self) -> Path:
        """Logs of every process."""
        return self.path / "logs"

    @property
    def config(self) -> Path:
        """Documents and rendered Envoy configuration."""
        return self.path / "config"

    def write_json(self, name: str, body: Mapping[str, Any] | list[Any]) -> Path:
        """Write one JSON file, whole or not at all."""
        target = self.path / name
        scratch = target.with_name(target.name + ".part")
        scratch.write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n")
        scratch.replace(target)
        return target


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of each file of the ledger in a folder."""
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in LEDGER_FILES}


def _fresh(base: Path, stamp: str) -> Path:
    path, count = base / stamp, 1
    while True:
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            if not base.is_dir():
                raise
            count += 1
            path = base / f"{stamp}.{count}"
        else:
            return path


def _point(link: Path, target: str) -> None:
    scratch = link.with_name(f".latest-{os.getpid()}")
    scratch.unlink(missing_ok=True)
    scratch.symlink_to(target)
    scratch.replace(link)

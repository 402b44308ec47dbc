"""`--json FILE`: the result as one JSON document (`chaosmesh.verify/1`)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, TextIO

from chaosmesh.engine.events import Event, RunFinished
from chaosmesh.report.write import write_whole


class JsonFile:
    """Consumer that writes the result when the run is over, to a file or (`-`) to `stdout`.

    An older file is removed at the start: a run that never finishes must not be read as the one before it.
    """

    def __init__(self, target: str | Path, stdout: TextIO) -> None:
        self._path = None if str(target) == "-" else Path(target)
        self._stdout = stdout
        if self._path is not None and self._path.is_file():
            self._path.unlink()

    def __call__(self, event: Event) -> None:
        """Write the document of the finished run; other events are of no concern."""
        if not isinstance(event, RunFinished):
            return
        document = jsonable(event.result.as_json())
        if self._path is not None:
            write_whole(self._path, _text(document, ascii_only=False))
            return
        self._stdout.write(_text(document, ascii_only=not _holds_unicode(self._stdout)))
        self._stdout.flush()

    def close(self) -> None:
        """Nothing is held open."""


def jsonable(value: Any) -> Any:
    """The value as JSON can hold it: no infinite numbers (None), no enums, tuples or sets, keys as text."""
    if isinstance(value, Enum):
        return jsonable(value.value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(k): jsonable(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [
            jsonable(v) for v in (sorted(value, key=str) if isinstance(value, (set, frozenset)) else value)
        ]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return value if value is None or isinstance(value, int) else str(value)


def _text(document: Any, *, ascii_only: bool) -> str:
    return json.dumps(document, indent=2, ensure_ascii=ascii_only, allow_nan=False) + "\n"


def _holds_unicode(stream: TextIO) -> bool:
    return (stream.encoding or "utf-8").lower().replace("-", "").startswith("utf8")

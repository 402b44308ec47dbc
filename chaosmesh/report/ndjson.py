"""`events.ndjson`: every event of a run, one JSON object a line, readable while the run goes on."""

from __future__ import annotations

import json
from pathlib import Path

from chaosmesh.engine.events import Event, event_json
from chaosmesh.report.jsonfile import jsonable


class EventsFile:
    """Consumer that appends each event as it comes; a killed run leaves all lines but the one it was writing."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", encoding="utf-8")

    def __call__(self, event: Event) -> None:
        """Write and flush the event's line. ASCII, so that no name of a document can end a line."""
        self._file.write(
            json.dumps(jsonable(event_json(event)), separators=(",", ":"), allow_nan=False) + "\n"
        )
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

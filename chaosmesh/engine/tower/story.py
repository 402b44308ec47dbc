"""The timeline: everything that was done or happened, for the page, for the export and for events.ndjson."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Literal

from chaosmesh.engine.tower.state import EventState

SHOWN: Final = 200
"""Entries that the page gets; the file has all of them."""

Kind = Literal["fault", "heal", "policy", "load", "claim", "health", "stop", "note"]


def line_of(one: EventState, details: Mapping[str, Any] | None = None) -> str:
    """An entry in the file."""
    return json.dumps({"event": one.kind, **vars(one), **(details or {})}, ensure_ascii=False) + "\n"


class Story:
    """`told` are called with each entry as it is made."""

    def __init__(self, file: Path | None = None) -> None:
        self.events: deque[EventState] = deque(maxlen=SHOWN)
        self.told: list[Callable[[EventState], None]] = []
        self._file = file.open("a", encoding="utf-8", buffering=1) if file else None
        self._number = 0

    def add(
        self,
        kind: Kind,
        text: str,
        *,
        edge: str | None = None,
        ms: float | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> EventState:
        """One entry, with the present time. `details` are for the file alone."""
        self._number += 1
        one = EventState(
            self._number,
            time.time_ns() // 1_000_000,
            kind,
            text,
            edge,
            None if ms is None else round(ms, 1),
        )
        self.events.append(one)
        if self._file is not None:
            self._file.write(line_of(one, details))
        for listener in self.told:
            listener(one)
        return one

    def close(self) -> None:
        """Nothing more is written."""
        if self._file is not None:
            self._file.close()
            self._file = None

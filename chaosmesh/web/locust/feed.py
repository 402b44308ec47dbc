"""What the control tower says, asked for at most once a second, for all browsers together."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Mapping
from typing import Any

from gevent.lock import Semaphore

SCHEMA = "chaosmesh.tower/1"
KEPT_S = 1.0
_ANSWER_S = 5.0


class Feed:
    """The tower's present state at `url`; empty as long as it does not answer."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._lock = Semaphore()
        self._asked = -KEPT_S
        self._state: Mapping[str, Any] = {}

    def state(self) -> Mapping[str, Any]:
        """At most a second old."""
        with self._lock:
            if time.monotonic() - self._asked >= KEPT_S:
                self._state = self._ask()
                self._asked = time.monotonic()
            return self._state

    def _ask(self) -> Mapping[str, Any]:
        try:
            with urllib.request.urlopen(f"{self.url}/api/state", timeout=_ANSWER_S) as answer:  # noqa: S310
                state: Mapping[str, Any] = json.load(answer)
        except (OSError, ValueError):
            return {}
        return state if state.get("schema") == SCHEMA else {}

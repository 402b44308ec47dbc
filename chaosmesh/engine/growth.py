"""When growing evidence is worth another look."""

from __future__ import annotations

LOOK = 1.1
"""Evidence grows by a tenth from look to look, so that looking costs little however long it takes."""


class Growth:
    """Asks for `first` things before the first look, then for a tenth more each time, and for `least` more at least."""

    def __init__(self, first: int = 0, least: int = 0) -> None:
        self._next: float = first
        self._least = least

    def due(self, seen: int) -> bool:
        """Whether there is enough by now; if so, that much counts as looked at."""
        if seen < self._next:
            return False
        self._next = max(seen + self._least, seen * LOOK)
        return True

"""`chaosmesh up --watch`: notices that documents were saved."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from chaosmesh.documents import Source
from chaosmesh.documents.source import files
from chaosmesh.errors import ChaosMeshError

EVERY = 0.2
"""Seconds between two looks at the files."""

Seen = dict[Path, tuple[int, int]]


class Watched:
    """Files as they are when this is made: what is saved from then on is told, however late somebody begins to listen."""

    def __init__(self, documents: Sequence[str | Path | Source]) -> None:
        self._documents = tuple(documents)
        self._known = _look(self._documents)

    async def listen(self, saved: Callable[[], Awaitable[None]]) -> None:
        """Calls `saved` each time after a file was written, made or removed; ends by cancellation only."""
        while True:
            await asyncio.sleep(EVERY)
            seen = _look(self._documents)
            if seen == self._known:
                continue
            while (later := _look(self._documents)) != seen:  # an editor may still be writing
                seen = later
                await asyncio.sleep(EVERY / 4)
            self._known = seen
            await saved()


def _look(documents: Sequence[str | Path | Source]) -> Seen:
    """Modification time (ns) and size of each file; what can't be read now counts as not there."""
    seen: Seen = {}
    for one in documents:
        try:
            found = [path for path, _ in files(one.path if isinstance(one, Source) else one)]
        except (ChaosMeshError, OSError):
            continue
        for path in found:
            try:
                state = path.stat()
            except OSError:
                continue
            seen[path] = (state.st_mtime_ns, state.st_size)
    return seen

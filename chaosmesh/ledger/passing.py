"""The ledger of a run without an end: requests that are over leave it, part by part, for files in the run folder.

What a request left is kept until it has been quiet for a while, so that it is joined as a whole. At the end the parts
become the same files as any run has; only the order of their lines is that of the parts.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from chaosmesh.envoy import AccessRow
from chaosmesh.ledger import conservation
from chaosmesh.ledger.addresses import Addresses
from chaosmesh.ledger.conservation import EGRESS, Conservation, Counters
from chaosmesh.ledger.ledger import Ledger
from chaosmesh.ledger.rows import canonical
from chaosmesh.load import Record, Stream, request_id, stream_of

QUIET_S: Final = 10.0
"""Seconds without a word after which a request is over."""
LONGEST_S: Final = 120.0
"""Seconds after which a request whose sender has not said how it ended is over as well."""
PART_ROWS: Final = 20_000
"""Rows of a part: 5 MB in memory at most, a few seconds of a busy mesh."""
PARTS: Final = "parts"


@dataclass(slots=True)
class _Held:
    """What is known of one request; `touched`: when its last word came, monotonic seconds."""

    touched: float = 0.0
    rows: list[AccessRow] = field(default_factory=list)
    records: list[tuple[int, Record]] = field(default_factory=list)


class Passing(Ledger):
    """Takes everything in like any ledger and answers no questions about requests: `follow` writes the parts, `write`
    joins them into the files of the run. `clock` in monotonic seconds."""

    def __init__(
        self, addresses: Addresses, folder: Path, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(addresses)
        self._folder = folder / PARTS
        self._clock = clock
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._late: OrderedDict[str, _Held] = OrderedDict()
        self._over: list[_Held] = []
        self._over_rows = 0
        self._streams: set[int] = set()
        self._counted: Counter[tuple[str, str]] = Counter()
        self._parts = 0
        self._lost = 0
        self._strangers = 0
        self._writing = asyncio.Lock()

    @property
    def held(self) -> int:
        """Requests in memory."""
        return len(self._held) + len(self._late) + len(self._over)

    def add_rows(self, rows: Iterable[AccessRow]) -> None:
        """Take in rows of access logs."""
        taken = list(rows)
        self._counted.update(conservation.count_rows(taken, self.killed))
        for row in taken:
            self._of(self._key(row)).rows.append(row)

    def add_records(self, stream: Stream | int, records: Iterable[Record]) -> None:
        """Take in how requests of a stream ended."""
        number = stream if isinstance(stream, int) else stream.id
        self._streams.add(number)
        if isinstance(stream, Stream) and any(one.protocol == "tcp" for one in stream.requests):
            self.connections.add(number)
        for one in records:
            self._of(request_id(number, one.seq)).records.append((number, one))

    def sidecar_killed(self, sidecar: str, at_ns: int) -> None:
        """Its counters start anew."""
        super().sidecar_killed(sidecar, at_ns)
        for key in [key for key in self._counted if key[0] == sidecar]:
            del self._counted[key]

    def conservation(self, counters: Counters, *, prefix: str = EGRESS) -> Conservation:
        """Rows against counters, those included that have left."""
        return conservation.compare(self._counted, counters, self._lost, prefix)

    async def follow(self) -> None:
        """Write parts as they fill, until cancelled. Joining and writing happen on a thread."""
        while True:
            await asyncio.sleep(QUIET_S / 10)
            await self.shed()

    async def shed(self, *, everything: bool = False) -> None:
        """Write out what is over, if it makes a part; with `everything` all there is."""
        self._sort_out(everything=everything)
        while self._over_rows >= PART_ROWS or (everything and self._over):
            async with self._writing:
                part = self._part()
                work = asyncio.ensure_future(asyncio.to_thread(self._write_part, part))
                try:
                    await asyncio.shield(work)
                except asyncio.CancelledError:
                    await work  # what is taken out is written, whoever does not want to wait
                    raise

    def write(self, folder: Path) -> None:
        """Write requests.parquet, attempts.parquet and faults.json of the whole run, and take the parts away."""
        from chaosmesh.ledger import store

        self._sort_out(everything=True)
        while self._over or not self._parts:
            self._write_part(self._part())
        store.merge(self, self._part_folders(), folder)
        shutil.rmtree(self._folder)

    def _key(self, row: AccessRow) -> str:
        if row.request_id:
            return canonical(row.request_id)
        if row.tcp:
            return f"connection {row.call}"
        self._strangers += 1
        return f"stranger {self._strangers}"

    def _of(self, key: str) -> _Held:
        held = self._held.get(key)
        if held is None:
            held = self._late.pop(key, None) or _Held()
            self._held[key] = held
        else:
            self._held.move_to_end(key)
        held.touched = self._clock()
        return held

    def _sort_out(self, *, everything: bool) -> None:
        """The quietest come first in both; whose record is missing waits for longer."""
        now = self._clock()
        while self._held and (everything or next(iter(self._held.values())).touched <= now - QUIET_S):
            key, held = self._held.popitem(last=False)
            if held.records or everything or stream_of(key) not in self._streams:
                self._end(held)
            else:
                self._late[key] = held
        while self._late and (everything or next(iter(self._late.values())).touched <= now - LONGEST_S):
            self._end(self._late.popitem(last=False)[1])

    def _end(self, held: _Held) -> None:
        self._over.append(held)
        self._over_rows += len(held.rows) + len(held.records)

    def _part(self) -> Ledger:
        """The oldest of what is over, as a ledger of its own."""
        part, rows, taken = Ledger(self.addresses), 0, 0
        part.faults.extend(self.faults)
        part.killed.update(self.killed)
        part.connections.update(self.connections)
        for held in self._over:
            part.add_rows(held.rows)
            part.records.extend(held.records)
            rows += len(held.rows) + len(held.records)
            taken += 1
            if rows >= PART_ROWS:
                break
        del self._over[:taken]
        self._over_rows -= rows
        return part

    def _write_part(self, part: Ledger) -> None:
        from chaosmesh.ledger import store

        self._parts += 1
        store.write(part, self._folder / f"{self._parts:06d}")
        self._lost += part.lost() if part.killed else 0

    def _part_folders(self) -> list[Path]:
        return [self._folder / f"{number:06d}" for number in range(1, self._parts + 1)]

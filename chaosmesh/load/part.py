"""What one worker of several sends, and whose clock it counts by."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MOST_CLOCK_ERROR_NS = 1_000_000
"""A worker whose clock is known less well than this is refused: its requests would come at the wrong time."""

TOKEN = "CHAOSMESH_WORKER_TOKEN"  # noqa: S105  (the variable's name)
"""Who doesn't know it can neither join as a worker nor send records."""

_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Part:
    """Every request whose number is `index` modulo `of`.

    `start_ns` is offset 0 of the stream and `epoch_ns` the difference to the epoch, both by this host's monotonic
    clock; None: whoever sends chooses.
    """

    index: int = 0
    of: int = 1
    start_ns: int | None = None
    epoch_ns: int | None = None

    def tree(self) -> dict[str, Any]:
        """For the wire."""
        return {"index": self.index, "of": self.of, "start_ns": self.start_ns, "epoch_ns": self.epoch_ns}

    @classmethod
    def of_tree(cls, tree: Mapping[str, Any]) -> Part:
        """From the wire."""
        return cls(tree["index"], tree["of"], tree["start_ns"], tree["epoch_ns"])


WHOLE = Part()


@dataclass(frozen=True, slots=True)
class Host:
    """Who shares a clock and a network with whom. Containers may have their own of either."""

    clock: str
    network: str

    @classmethod
    def here(cls) -> Host:
        """Of this process."""
        boot = _BOOT.read_text().strip()
        return cls(f"{boot} {_namespace('time')}", f"{boot} {_namespace('net')}")


def _namespace(kind: str) -> str:
    try:
        return str(os.stat(f"/proc/self/ns/{kind}").st_ino)  # noqa: PTH116  (not a file to be opened)
    except OSError:
        return ""


@dataclass(slots=True)
class Clock:
    """A worker's monotonic clock against ours, from questions and answers: half of the quickest round trip is the
    error at most (Cristian, Distributed Computing 3, 1989)."""

    same: bool = False
    offset_ns: int = 0
    error_ns: int = field(default=1 << 62)

    def __post_init__(self) -> None:
        if self.same:
            self.error_ns = 0

    def add(self, asked_ns: int, theirs_ns: int, answered_ns: int) -> None:
        """One question, asked and answered by our clock, with their time between."""
        error = (answered_ns - asked_ns) // 2
        if not self.same and error < self.error_ns:
            self.error_ns = error
            self.offset_ns = theirs_ns - (asked_ns + answered_ns) // 2

    @property
    def known(self) -> bool:
        """Whether it is known well enough."""
        return self.error_ns <= MOST_CLOCK_ERROR_NS

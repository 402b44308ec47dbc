"""Files that a process may have open: whether a load may need more than that, and whether a sidecar had too few.

Without a descriptor for one more connection Envoy fails the request, or takes in no more of them, and may crash.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

from chaosmesh.engine.underway import Ground, Load, open_files
from chaosmesh.engine.ways import ANYWHERE
from chaosmesh.load import Stream
from chaosmesh.load.plan import MAX_IN_FLIGHT
from chaosmesh.mesh import Mesh, Replica, Topology
from chaosmesh.runtime import Runtime
from chaosmesh.runtime.parts import Part
from chaosmesh.services.config import StandIn
from chaosmesh.services.descriptors import how_to_raise, most_descriptors

MUCH_MORE: Final = 1.5
"""It is said again for a load that may need so many times as much as was said last."""

SHORT: Final = ("Too many open files", "errno=24")
"""How a log tells of it: by the words of the kernel in Envoy's "socket(2) failed, got error: …" and "listener accept
failure: …", or by their number where it writes a trace."""

LAST: Final = 30_000
"""Characters of a log in which they are looked for: a crash writes long traces."""


class Loaded(Protocol):
    """What is known of a running mesh."""

    mesh: Mesh
    topology: Topology
    runtime: Runtime

    @property
    def standins(self) -> Mapping[str, StandIn]:
        """Stand-ins by node; the others run programs of the user's, gateways nothing."""


class Descriptors:
    """Of one running mesh; its parts write into files in `logs`, `say` gets one line."""

    def __init__(self, stack: Loaded, logs: Path, say: Callable[[str], None]) -> None:
        self._stack, self._logs, self._say = stack, logs, say
        self._said = 0.0
        self._limit: int | None = None
        self._read: dict[str, int] = {}
        self._short: dict[str, float] = {}

    @property
    def limit(self) -> int | None:
        """The hard limit of a sidecar; None where there is none, or nobody can tell."""
        for one in self._stack.topology.replicas if self._limit is None else ():
            with suppress(KeyError):
                self._limit = most_descriptors(self._stack.runtime.pid(one, "sidecar"))
            if self._limit is not None:
                break
        return self._limit

    def before(self, streams: Iterable[Stream], workers: int) -> None:
        """These are about to run, or run already, each sent by so many processes: warns where they may need too much."""
        loads = [one for each in streams if (one := self._load(each, workers)) is not None]
        limit = self.limit if loads else None
        if limit is None:
            return
        worst = open_files(self._ground(), *loads).most_common(1)
        if not worst:
            return  # nobody speaks a protocol that needs a connection for each request
        part, files = worst[0]
        if files <= max(limit, MUCH_MORE * self._said):
            return
        self._said = files
        rate = sum(one.rate for one in loads)
        self._say(
            f"open files: at {rate:,.6g} requests/s {part} may need {files:,} while answers take as long as the policy lets "
            f"them; the hard limit is {limit:,}, beyond it calls fail, or Envoy crashes. "
            f"To have more: {how_to_raise(files)}"
        )

    def missing(self, since: float) -> str | None:
        """Why nothing measured since then (monotonic seconds) can be trusted: a sidecar had too few descriptors, by what
        it has written, or has none left now. What containers write is read when they end."""
        for one in self._stack.topology.replicas:
            part = Part("sidecar", one)
            if self._told(part):
                self._short[part.name] = time.monotonic()
            last = self._short.get(part.name)
            if last is not None and (last >= since or self._full(one)):
                return f"{part.name} {self._words()} (logs/{part.name}.log in the run folder)"
        return None

    def _told(self, part: Part) -> bool:
        """Whether a log has told of it since the last look."""
        log, before = self._logs / f"{part.name}.log", self._read.get(part.name, 0)
        size = log.stat().st_size if log.is_file() else 0
        if size <= before:
            return False
        with log.open("rb") as file:
            file.seek(before)
            new = file.read(size - before)
        self._read[part.name] = size
        return any(words.encode() in new for words in SHORT)

    def _full(self, one: Replica) -> bool:
        """Envoy writes of the same ever more rarely."""
        try:
            pid = self._stack.runtime.pid(one, "sidecar")
            taken = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
        except (KeyError, OSError):
            return False
        return taken >= (self.limit or math.inf)

    def shortage(self, part: Part) -> str:
        """Whether a part has ended for want of descriptors, by its log, and what helps; else nothing."""
        tail = self._stack.runtime.tail(part, LAST) if part.role == "sidecar" else ""
        if not any(words in tail for words in SHORT):
            return ""
        return f"it {self._words()}"

    def _words(self) -> str:
        limit = "" if self.limit is None else f", the hard limit is {self.limit:,}"
        more = how_to_raise(2 * (self.limit or 0))
        return f"had no file descriptor left (too many open files{limit}); to have more: {more}"

    def _ground(self) -> Ground:
        stack = self._stack
        nodes = [one.node for one in stack.topology.replicas]
        known = stack.standins
        own = frozenset(node for node in nodes if node not in known and not stack.mesh.workload(node).gateway)
        queues = {name for name, one in known.items() if one.capacity is not None}
        return Ground(stack.mesh, {node: nodes.count(node) for node in nodes}, own | queues, own)

    def _load(self, stream: Stream, workers: int) -> Load | None:
        """None where nobody knows: as many users as a shape says, or a place that is not in the mesh."""
        place, topology = urlsplit(stream.url), self._stack.topology
        at = [one.node for one in topology.replicas if place.hostname in (one.door, one.sidecar)]
        calling = [one.client for one in topology.egresses if one.address == place.hostname]
        if not (at or calling):
            return None
        node, calls = (at or calling)[0], not at or place.port == ANYWHERE
        if stream.closed is not None:
            users = stream.closed.users
            return None if users is None else Load(node, users, stream.timeout, users, calls)
        longest = math.inf if stream.duration is None else stream.peak * stream.duration
        most = min(MAX_IN_FLIGHT * workers, longest, math.inf if stream.count is None else stream.count)
        return Load(node, stream.peak, stream.timeout, most, calls)

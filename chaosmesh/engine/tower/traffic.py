"""Load that comes from Locust's web UI: its streams are numbered, admitted and kept like every other of the stack."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import replace
from urllib.parse import urlsplit

from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine.entrance import Entrance, entrance
from chaosmesh.engine.limits import ErrorWatch
from chaosmesh.engine.stack import Stack
from chaosmesh.engine.streams import Take
from chaosmesh.engine.traffic import mix_of
from chaosmesh.errors import ChaosMeshError
from chaosmesh.load import Record, RequestSpec, Stream, StreamReport
from chaosmesh.load.door import Door, Intent, Opening
from chaosmesh.load.plan import Closed
from chaosmesh.load.targets import check_stream, networks
from chaosmesh.runtime.layout import served

PATIENCE_S = 30.0
"""Seconds until an answer is given up where the scenario's `load.timeout` says nothing."""


class Traffic:
    """Between a door and a stack. `users` and `planned_rps` are those of now; `note` is told what happens, in words."""

    def __init__(self, stack: Stack, scenario: Scenario, door: Door) -> None:
        self._stack, self._scenario, self.door = stack, scenario, door
        self._mix = mix_of(scenario)
        self._takes: dict[int, Take] = {}
        self._present: dict[int, tuple[int, float]] = {}
        self._watch: ErrorWatch | None = None
        self._end: asyncio.TimerHandle | None = None
        self.note: Callable[[str], None] = lambda _: None
        door.on_intent = self._intent
        door.on_open = self._open
        door.on_running = stack.limits.began
        door.on_records = self._records
        door.on_sent = lambda _, sent: stack.sent(sent)
        door.on_users = self._users
        door.on_done = self._done

    @property
    def users(self) -> int:
        """How many there are."""
        return sum(users for users, _ in self._present.values())

    @property
    def streams(self) -> Collection[int]:
        """Numbers of those that are sent now."""
        return self._takes.keys()

    @property
    def planned_rps(self) -> float:
        """Requests a second that passengers ask for; users of a locustfile plan nothing."""
        return sum(rate for _, rate in self._present.values())

    @property
    def entries(self) -> dict[str, Entrance]:
        """Where load may go: url and how requests are sent there, the first as the default."""
        stack = self._stack
        protocols = {one.protocol for one in self._mix}
        ways = {way.workload: way for way in (entrance(stack, edge) for edge in reversed(stack.mesh.edges()))}
        found = {}
        for name in stack.topology.entries:
            if stack.mesh.workload(name).listeners:
                url = stack.entry_url(name, *protocols)
                found[url] = ways.get(name) or Entrance(name, url, name)
        return found

    def _intent(self, intent: Intent) -> str:
        limit = self._scenario.limits.rate
        why = self._elsewhere(intent.url)
        if not why and limit is not None and intent.rate is not None and intent.rate > limit:
            why = f"{intent.rate:g} requests a second were asked for, limits.rate is {limit:g}"
        if why:
            self.note(f"load was refused: {why}")
        elif self._takes and intent.rate is not None:
            self._faster(intent.rate)
        elif not self._takes:
            self._watch = (
                None if self._scenario.limits.errors is None else ErrorWatch(self._scenario.limits.errors)
            )
        return why

    def _faster(self, rate: float) -> None:
        """The streams that run are about to share another rate."""
        mine = [one.stream for one in self._stack.limits.running if one.stream.id in self._takes]
        self._stack.descriptors.before((replace(one, rate=rate / len(mine)) for one in mine), 1)

    def _elsewhere(self, url: str) -> str:
        known = self.entries
        if _place(url) in map(_place, known):
            return ""
        return f"{url or 'no host'} is not an entry of the mesh ({', '.join(known) or 'it has none'}); load stays on this machine"

    def _open(self, opening: Opening) -> Stream | str:
        if why := self._elsewhere(opening.url):
            return why
        url, way = next((url, way) for url, way in self.entries.items() if _place(url) == _place(opening.url))
        guests = opening.file is not None
        protocols = {one.protocol for one in self._mix}
        stream = Stream(
            id=self._stack.next_stream(),
            name=f"{opening.name} {way.workload}",
            url=url,
            host=way.host,
            requests=(RequestSpec(path="*", name="locustfile"),) if guests else self._mix or (way.request,),
            rate=max(1.0, opening.users) if opening.rate is None else max(opening.rate, 1e-3),
            seed=self._scenario.seed,
            timeout=self._scenario.load.timeout or PATIENCE_S,
            tls=self._stack.entry_tls(way.workload, *protocols),
            closed=Closed(opening.file or "", opening.users) if guests else None,
        )
        try:
            check_stream(stream, networks(served(self._stack.topology.subnet)))
            self._takes[stream.id] = self._stack.admitted(stream)
        except ChaosMeshError as error:
            return error.message
        if len(self._takes) == 1:
            self._begun()
        return stream

    def _begun(self) -> None:
        longest = self._scenario.limits.duration
        if longest is not None:
            text = f"the test took longer than limits.duration, {longest:g} s"
            self._end = asyncio.get_running_loop().call_later(longest, self._halt, text)
        self.note("load begins")

    def _records(self, stream: Stream, records: list[Record]) -> None:
        self._takes[stream.id](records)
        watch = self._watch
        if watch is not None and watch.add(records):
            self._watch = None
            share = (
                f"{watch.failed:,} of {watch.n:,} requests failed, limits.errors is {watch.limit * 100:g} %"
            )
            self._halt(share)

    def _halt(self, why: str) -> None:
        self.note(f"load is stopped: {why}")
        self.door.stop_all(why)

    def _users(self, stream: Stream, users: int, rate: float) -> None:
        self._present[stream.id] = users, rate

    def _done(self, stream: Stream, report: StreamReport | ChaosMeshError) -> None:
        self._takes.pop(stream.id, None)
        self._present.pop(stream.id, None)
        self._stack.limits.dismiss(stream.id)
        if isinstance(report, ChaosMeshError):
            self.note(report.message)
        elif late := report.late():
            self.note(late)
        if not self._takes:
            if self._end is not None:
                self._end.cancel()
                self._end = None
            self.note("load has ended")


def _place(url: str) -> str:
    return urlsplit(url).netloc

"""After faults: the proof that a running mesh is as it was before them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from chaosmesh.engine.entrance import Entrance, entrance
from chaosmesh.engine.stack import Stack
from chaosmesh.errors import ChaosMeshError, DeadlineError
from chaosmesh.load import Record, RequestSpec
from chaosmesh.mesh import Mesh
from chaosmesh.runtime import probe
from chaosmesh.services.config import CHANGEABLE, StandIn

PROBE_S = 5.0
"""Seconds in which an entry that was well must answer well again: connections that faults cut are made anew."""

PATIENCE_S = 2.0
"""Seconds that one probe waits for its answer."""

FIRST_S = 1.0
"""Seconds in which an entry of a new mesh must answer well once to be asked again at the end."""


@dataclass
class Sweep:
    """How a mesh was before any fault; `remaining` compares.

    `well` are the entries that answered well then: the others prove nothing.
    """

    stack: Stack
    mesh: Mesh
    standins: Mapping[str, StandIn]
    replicas: frozenset[str]
    requests: tuple[RequestSpec, ...] = ()
    well: tuple[Entrance, ...] = field(default=())

    @classmethod
    async def begin(cls, stack: Stack, requests: Sequence[RequestSpec] = ()) -> Sweep:
        """Of a mesh that nobody has touched yet. `requests`: what users ask for; by default whatever leads on."""
        standins = {one.key: stack.runtime.standin(one) for one in stack.runtime.told_replicas()}
        keys = frozenset(one.key for one in stack.topology.replicas)
        sweep = cls(stack, stack.mesh, standins, keys, tuple(requests))
        sweep.well = tuple([one for one in _entrances(stack) if not await sweep._answers(one, FIRST_S)])
        return sweep

    async def remaining(self, *, probing: bool = True) -> list[str]:
        """In words, everything that is not as before; empty when nothing is left of any fault. Without `probing` no
        traffic is sent: where sidecars still avoid a host it would tell of that."""
        runtime = self.stack.runtime
        left = [*self._told(), *await self._proxies(), *await runtime.unwell(), *self._replicas()]
        left += await self._behaviour()
        left += self._configuration()
        if left or not probing:
            return left
        return [text for one in self.well if (text := await self._answers(one))]

    def _told(self) -> Iterator[str]:
        site = self.stack.site
        yield from (f"fault {one.id}" for one in site.request_faults)
        yield from (f"{one} still takes its time" for one in site.neighbours())
        yield from (f"sidecar {one} is not told of changes" for one in sorted(site.absent))
        yield from (f"{node} shows a certificate that is {flaw}" for node, flaw in self.stack.secrets.spoilt)
        yield from (f"lease {one}" for one in site.leases)

    async def _proxies(self) -> list[str]:
        found = []
        for name, state in (await self.stack.runtime.toxiproxy.state()).items():
            found += [f"toxic {one.name} on {name}" for one in state.toxics]
            found += [] if state.enabled else [f"{name} refuses connections"]
        return found

    def _replicas(self) -> Iterator[str]:
        if self.stack.mesh is self.mesh:
            there = {one.key for one in self.stack.topology.replicas}
            yield from (f"replica {one} is missing" for one in sorted(self.replicas - there))
            yield from (f"replica {one} was not there before" for one in sorted(there - self.replicas))

    async def _behaviour(self) -> list[str]:
        found = []
        for one in self.stack.runtime.told_replicas():
            before = self.standins.get(one.key)
            if before is None or await self.stack.runtime.condition(one) != "runs":  # told of by `unwell`
                continue
            try:
                told = await self.stack.runtime.told(one)
            except (OSError, TimeoutError, ValueError, ChaosMeshError) as error:
                found.append(f"{one.key} does not say how it behaves: {error or type(error).__name__}")
                continue
            found += [
                f"{one.key}: {name} is {told[name]}, it was {getattr(before, name)}"
                for name in CHANGEABLE
                if told[name] != getattr(before, name)
            ]
        return found

    def _configuration(self) -> Iterator[str]:
        """By content hash: what each sidecar has acknowledged against what the policy becomes without a fault."""
        if self.stack.mesh is not self.mesh:
            yield "another policy than before is in force"
        yield from self.stack.control.differences(self.stack.snapshots())

    async def _answers(self, way: Entrance, within: float = PROBE_S) -> str:
        """In words, that users get no good answer at an entry; nothing once they get one."""
        last = ""

        async def look() -> str:
            nonlocal last
            last = await self._ill(way)
            return last

        try:
            await probe.until(f"users are answered at {way.workload}", look, within=within)
        except DeadlineError:
            return f"users are not answered at {way.workload} as before: {last}"
        return ""

    async def _ill(self, way: Entrance) -> str:
        """One request through an entry; what was wrong with the answer."""
        records: list[Record] = []
        running = await self.stack.begin(
            "sweep",
            way.url,
            way.host,
            self.requests[:1] or (way.request,),
            rate=1.0,
            count=1,
            patience=PATIENCE_S,
            number=self.stack.number("sweep"),
            tls=way.tls,
            on_records=records.extend,
            users=False,
        )
        await running.done()
        return next((str(one.status or one.error) for one in records if not one.ok), "")


def _entrances(stack: Stack) -> Iterator[Entrance]:
    """A way in at every entry that leads on."""
    for entry in stack.topology.entries:
        ways = (entrance(stack, edge) for edge in stack.mesh.edges() if edge[0] == entry)
        way = next((one for one in ways if one.workload == entry and one.url == stack.entry_url(entry)), None)
        if way is not None:
            yield way

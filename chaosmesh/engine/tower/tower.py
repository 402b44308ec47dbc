"""The control tower of one running mesh: watches it, acts on it, judges it, and remembers."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from chaosmesh.appmesh.api import Service
from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine.accounts import conserved
from chaosmesh.engine.falls import Fall
from chaosmesh.engine.folder import EVENTS
from chaosmesh.engine.kept import keep_documents
from chaosmesh.engine.publishing import Published, Publisher
from chaosmesh.engine.stack import Stack
from chaosmesh.engine.summary import write_summary
from chaosmesh.engine.surroundings import keep_surroundings
from chaosmesh.engine.tower import scene, stopping
from chaosmesh.engine.tower.canary import Canary
from chaosmesh.engine.tower.claims import Claims
from chaosmesh.engine.tower.episodes import Episodes
from chaosmesh.engine.tower.export import Exported, Origin, export
from chaosmesh.engine.tower.faults import Faults
from chaosmesh.engine.tower.hands import Hands
from chaosmesh.engine.tower.hearing import hear
from chaosmesh.engine.tower.outlook import Outlook
from chaosmesh.engine.tower.record import document
from chaosmesh.engine.tower.replicas import Replicas
from chaosmesh.engine.tower.rules import Rules
from chaosmesh.engine.tower.seen import Seen
from chaosmesh.engine.tower.state import SCHEMA, EventState, State
from chaosmesh.engine.tower.story import Story
from chaosmesh.engine.tower.traffic import Traffic
from chaosmesh.errors import ChaosMeshError
from chaosmesh.ledger.passing import Passing
from chaosmesh.mesh import Mesh, Topology
from chaosmesh.mesh.picture import Arrow, Picture, picture

EVERY_S: Final = 1.0
LAST_ROWS_S: Final = 3.0
"""Seconds for what is on its way when the run ends."""
EVENTS_AT_START: Final = "the mesh is up"


class Tower:
    """`start` begins to watch, `close` writes the run folder. `ticked` are called once a second with the new state,
    `story.told` with each event. All of it belongs to one event loop."""

    def __init__(
        self,
        stack: Stack,
        api: Service,
        publisher: Publisher,
        scenario: Scenario,
        origin: Origin,
        *,
        traffic: Traffic | None = None,
        api_url: str | None = None,
    ) -> None:
        self.stack = stack
        self.scenario = scenario
        self.origin = origin
        self.traffic = traffic
        self.locust: str | None = None
        self._api = api
        self._api_url = api_url
        self._publisher = publisher
        self.story = Story(stack.folder.path / EVENTS)
        self.seen = Seen(lambda: stack.ledger.addresses)
        self._drawn: tuple[Mesh, Topology, Picture, dict[str, Arrow]] | None = None
        self.hands = Hands(stack, scenario.seed, self._note)
        self.faults = Faults(self.hands, self.seen, self.story, self.arrows)
        self.rules = Rules(api, lambda: stack.mesh, self.arrows)
        self.outlook = Outlook(stack, self.seen, self.faults, traffic)
        self.claims = Claims(scenario, lambda: stack.mesh, self.arrows, self.outlook.counting)
        self.episodes = Episodes(
            stack,
            self.claims,
            self.story,
            lambda: self.faults.standing,
            lambda: self.rules.changed_since(self._first),
        )
        self.replicas = Replicas(stack)
        self.canary = Canary(scenario, self.rules, lambda: stack.mesh, self.story)
        self._first = self.rules.resources
        self._began = time.time()
        self._tasks: list[asyncio.Task[None]] = []
        self._sweep = stopping.before(stack)
        self.ticked: list[Callable[[State], None]] = []
        self._news = False
        self.story.told.append(self._happened)
        self.state = self._state(scene.present())

    # -- life -------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """From now on everything is seen."""
        self.stack.watchers.append(self.seen)
        self.seen.listeners.append(self.episodes.saw_records)
        self.seen.callers += [self.claims.saw_call, self.canary.saw_call]
        self.faults.changed = self._fault_changed
        self._publisher.beginning = self.episodes.about_to_change
        self._publisher.watched = self._published
        self._publisher.failed = self.episodes.changed
        self.stack.falls.told.append(self._fell)
        if self.traffic is not None:
            hear(self.traffic, self.story, self.claims, self.episodes)
        keep_documents(self.stack.folder, self._first, self.scenario)
        await self.episodes.start()
        self.story.add("note", EVENTS_AT_START)
        ledger = self.stack.ledger
        follow = [ledger.follow()] if isinstance(ledger, Passing) else []
        self._tasks = [asyncio.create_task(one) for one in (self._run(), self.faults.keep(), *follow)]

    async def close(self) -> None:
        """Everything off, and the run folder complete: the ledger's files and run.json. Harmless when called again."""
        if not self._tasks:
            return
        await self.canary.pause("the end")
        tasks, self._tasks = self._tasks, []
        for one in tasks:
            one.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.end_load("the end")
        await self.faults.close()
        self.episodes.close()
        self.story.close()
        await self._write()

    async def _write(self) -> None:
        stack, ledger = self.stack, self.stack.ledger
        await conserved(stack, LAST_ROWS_S)
        if isinstance(ledger, Passing):
            await ledger.shed(everything=True)
        await keep_surroundings(stack, self._first, self.scenario, stack.folder)
        await stack.keep_ledger()
        about = {
            "mesh": stack.mesh.name,
            "name": self.origin.name,
            "runtime": stack.kind,
            "profile": self.origin.profile,
            "seed": self.scenario.seed,
            "begin": self._began,
            "end": time.time(),
            "faults": self.faults.windows,
        }
        total = {"sent": self.seen.sent, "ok": self.seen.ok, "failed": self.seen.failed}
        stack.folder.write_json("run.json", document(stack.folder, about, self.episodes.ended, total))
        write_summary(stack.folder.path)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(EVERY_S - time.time() % EVERY_S)
            await self.tick()

    async def tick(self) -> None:
        """What happens once a second: look, judge, tell."""
        now_ns = time.time_ns()
        self.seen.roll(now_ns)
        with contextlib.suppress(ChaosMeshError, OSError):
            await self.replicas.look()
        await self.episodes.look()
        await self.outlook.look()
        second = self.seen.entry.at(time.time_ns())
        second.due, second.expected = self.outlook.planned_rps, self.outlook.foreseen.entry
        for one in self.claims.all:
            await self.claims.look(one)
        self._news = False
        self.state = self._state(scene.present())
        for listener in self.ticked:
            listener(self.state)

    # -- what is there ------------------------------------------------------------------------------------------

    def arrows(self) -> Mapping[str, Arrow]:
        """Edges by id."""
        return self._picture()[1]

    def whole(self) -> State:
        """The present state with its history; what was done since the last tick is in it."""
        if self._news:
            self._news = False
            self.state = self._state(scene.present())
        history = scene.history_of(self.seen, self.faults.windows, int(self._began), scene.present())
        return State(**{**vars(self.state), "history": history})

    def exported(self) -> Exported:
        """What was done and judged so far, as an experiment."""
        return export(self.origin, [*self.episodes.ended, self.episodes.present()])

    def _picture(self) -> tuple[Picture, dict[str, Arrow]]:
        stack = self.stack
        known = self._drawn
        if known is None or known[0] is not stack.mesh or known[1] is not stack.topology:
            drawn = picture(stack.mesh, stack.topology.entries, [one.name for one in stack.externals])
            known = self._drawn = (stack.mesh, stack.topology, drawn, {one.id: one for one in drawn.edges})
        return known[2], known[3]

    def _state(self, now: int) -> State:
        stack, (drawn, arrows) = self.stack, self._picture()
        routes, breakers = self.rules.shown()
        running = bool(stack.limits.running)
        users = self.traffic.users if self.traffic else 0
        return State(
            SCHEMA,
            time.time_ns() // 1_000_000,
            stack.mesh.name,
            stack.kind,
            self.origin.profile,
            self.scenario.seed,
            str(stack.folder.path),
            self.locust,
            self._api_url,
            round(time.time() - self._began, 1),
            scene.load_of(
                self.seen, users, self.outlook.planned_rps, self.episodes.late, now, running=running
            ),
            scene.nodes_of(drawn, self.replicas, stack),
            scene.edges_of(
                arrows, self.seen, self.replicas, self.outlook.foreseen, self.faults.standing, now
            ),
            [one.shown for one in self.faults.offered],
            [self.faults.state_of(one) for one in self.faults.standing],
            routes,
            breakers,
            self.canary.state(),
            self.episodes.states(),
            list(self.story.events),
        )

    # -- what is done ---------------------------------------------------------------------------------------------

    async def stop(self, *, policy: bool = False) -> stopping.Stopped:
        """The emergency stop."""
        await self.canary.pause("emergency stop")
        done = await stopping.stop(
            self.stack,
            self.faults,
            self._sweep,
            lambda: self.end_load("emergency stop"),
            self._policy_back if policy else None,
        )
        healed = f"off: {', '.join(done.healed)}" if done.healed else "no fault was in force"
        left = f"; LEFT: {', '.join(done.left)}" if done.left else "; nothing is left"
        self.story.add("stop", f"emergency stop: load ended, {healed}{left}", ms=done.ms)
        return done

    def expect(self, measure: str, on: str | None, bound: Any) -> str:
        """One more expectation; its id."""
        one = self.claims.add(measure, on, bound)
        self.story.add("claim", f"expected from now on: {one.text}", edge=on)
        return one.id

    def expect_no_more(self, name: str) -> None:
        """One less."""
        one = self.claims.remove(name)
        self.story.add("claim", f"no longer expected: {one.text}", edge=one.edge)

    def end_load(self, why: str) -> None:
        """Every stream ends, whoever sends it."""
        if self.traffic is not None:
            self.traffic.door.stop_all(why)
        if self.stack.limits.running:
            self.story.add("load", f"load is ended: {why}")
        self.stack.limits.halt()

    async def _policy_back(self) -> None:
        await self._api.saved(self._first)

    def _happened(self, _: EventState) -> None:
        self._news = True

    def _note(self, text: str) -> None:
        self.story.add("note", text)

    # -- what is heard --------------------------------------------------------------------------------------------

    def _fault_changed(self, what: str) -> None:
        if what == "about to change":
            self.episodes.about_to_change()
        else:
            self.episodes.changed()

    def _fell(self, fall: Fall) -> None:
        self.story.add("health", str(fall))

    def _published(self, told: Published) -> None:
        self.episodes.changed()
        self.story.add("policy", told.text, ms=told.ms)

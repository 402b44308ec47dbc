"""What a test holds in its hands: the mesh, its edges and nodes, load, and expectations. Plain calls, no asyncio."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine.entrance import entry_of
from chaosmesh.engine.experiment.about import Session
from chaosmesh.engine.experiment.beside import beside
from chaosmesh.engine.experiment.canaries import CanaryShift, planned
from chaosmesh.engine.experiment.control import ControlPlaneOf
from chaosmesh.engine.experiment.drive import Drive
from chaosmesh.engine.experiment.edges import Edge
from chaosmesh.engine.experiment.externals import ExternalOf
from chaosmesh.engine.experiment.inputs import located
from chaosmesh.engine.experiment.live import LiveMesh
from chaosmesh.engine.experiment.loads import Load, Wish
from chaosmesh.engine.experiment.meant import meant
from chaosmesh.engine.experiment.names import Named, nodes_named, paths_named
from chaosmesh.engine.experiment.nodes import Node
from chaosmesh.engine.experiment.phases import faults_of
from chaosmesh.engine.experiment.policies import PolicyInForce
from chaosmesh.engine.experiment.policy import without
from chaosmesh.engine.experiment.questions import Question
from chaosmesh.engine.experiment.result import Run
from chaosmesh.engine.experiment.taking import taking
from chaosmesh.engine.experiment.wishes import closed_wish, wish_of
from chaosmesh.errors import UsageError
from chaosmesh.judge import ALPHA, Claim, Verdict, requirements
from chaosmesh.load.plan import Protocol
from chaosmesh.mesh import Mesh


class MeshView:
    """The mesh under one policy. `without` and `apply` give or make others; each is in force while it is used."""

    def __init__(self, session: Session, policy: Mesh, label: str = "") -> None:
        self.session = session
        self._live = session.live
        self._policy = policy
        self._resources = session.live.resources
        self._label = label

    def edge(self, client: str, service: str) -> Edge:
        """The calls of a client to a service; a virtual service as client stands for all nodes behind it."""
        return Edge(self.session, Named(f"{client} → {service}", paths_named(self._policy, client, service)))

    def node(self, name: str) -> Node:
        """A virtual node, or all nodes behind a virtual service."""
        return Node(self.session, self._policy, nodes_named(self._policy, name))

    def external(self, name: str) -> ExternalOf:
        """Something outside the mesh, by its name under `externals:` of the scenario file."""
        return ExternalOf(self.session, name)

    def attach(self, node: str, container: Any, *, port: int | None = None) -> None:
        """Put a container of your own (a `DockerContainer` of Testcontainers) behind a node until the end of the test.

        One that is not started yet is started in the pod of each replica: its sidecar has all that it sends and gets.
        One that runs already joins the run's network: it is called through the sidecar, its own calls go past it, and
        it is left running at the end. `port`: where it listens, if not on the node's own port.
        """
        names = nodes_named(self._policy, node)
        if len(names) > 1:
            raise UsageError(f"attach: {node} is {' and '.join(names)}", hint="name one of them")
        if note := self._live.call(self._live.attach(names[0], container, port)):
            self.session.say(note)

    @property
    def control_plane(self) -> ControlPlaneOf:
        """The control plane, for faults on it."""
        return ControlPlaneOf(self.session)

    def without(self, part: str) -> MeshView:
        """The same mesh with a part of its policy off on every edge, what the profile adds silently included: the
        proof that the policy is what saved it.

        "retryPolicy", "perRetryTimeout", "timeout", "fallback", "retryBudget", "outlierDetection", "healthCheck",
        "circuitBreaker" (no limit), "weights" (all targets alike), "tls" or "egressFilter" (everything is let out).
        """
        label = f"{self._label}, without {part}" if self._label else f"without {part}"
        return MeshView(self.session, without(self._policy, part), label)

    def updated(self, *paths: str | Path) -> MeshView:
        """The same mesh with updated documents; in force while it is used, also as a phase of a schedule."""
        found = [located(one, self.session.folders or (Path.cwd(),)) for one in paths]
        _, policy = self._live.updated(self._resources, found)
        return MeshView(self.session, policy, f"with {', '.join(one.name for one in found)}")

    def apply(self, *paths: str | Path) -> None:
        """Put updated documents in force until the end of the test; when this returns they are, everywhere."""
        found = [located(one, self.session.folders or (Path.cwd(),)) for one in paths]
        resources, policy = self._live.updated(self._resources, found)
        self._live.call(self._live.use(policy))
        self._resources, self._policy = resources, policy
        self._label = f"with {', '.join(one.name for one in found)}"

    @taking(wish_of)
    def load(self, wish: Wish) -> Load:
        """Open-loop load: `rate` requests a second at `entry`, or as many as `shape` says, whatever the answers do.

        One request (`path`, `method`, `headers`, `body`, `protocol` "http", "http2", "grpc" or "tcp") or a `mix` of
        several. What is left out comes from the scenario file's `load:`. `count` and `duration` ("10s") bound each
        stream; the budget of an expectation does too. `workers`: processes that send it together. `client` and `host`:
        not users at an entry, but the application of a node sends it through its sidecar, to a host of any name.
        """
        return Load(self, wish)

    def locustfile(
        self,
        file: str | Path,
        *,
        users: int | None = None,
        spawn_rate: float | None = None,
        entry: str | None = None,
        count: int | None = None,
        duration: str | None = None,
    ) -> Load:
        """Closed load: Locust users of your own file at `entry`, whose address is their `host`.

        `users` start by `spawn_rate` a second (default: at once); left out, the file's own LoadTestShape says how
        many. They wait for each answer before they go on, so a stall is felt by those who wait and by nobody else.
        """
        found = located(file, self.session.folders or (Path.cwd(),))
        wish = closed_wish(
            self._live.scenario,
            found,
            users=users,
            spawn_rate=spawn_rate,
            entry=entry,
            count=count,
            duration=duration,
        )
        return Load(self, wish)

    def canary(
        self,
        route: str,
        *,
        to: str,
        steps: Sequence[int] = (10, 50, 100),
        bake: str = "1s",
        hold: str = "20s",
        **claims: Claim,
    ) -> CanaryShift:
        """A shift of a route's traffic to the node `to`, by `steps` per cent, to be made with `run`.

        Each step is watched for `bake` at least and `hold` at most. `claims` (success, p99, attempts, …) are about the new
        version; `control()` in them is the stable one. Default: success=at_least(control(minus="5 %")).
        """
        if self._policy is not self._live.baseline and self._label.startswith("without"):
            raise UsageError("a canary shifts the policy of the documents", hint="use mesh.canary(…)")
        return planned(self.session, self._resources, self._policy, route, to, steps, bake, hold, claims)

    # -- used by load --------------------------------------------------------------------------------------

    @property
    def scenario(self) -> Scenario:
        """Where what a test leaves out comes from."""
        return self._live.scenario

    # -- used by phase(…) ------------------------------------------------------------------------------------

    def act(self) -> PolicyInForce:
        """This policy as something that is in force for a phase."""
        return PolicyInForce(self._live, self._policy, self._label or "the documents")

    # -- used by Load ---------------------------------------------------------------------------------------

    async def drive(self, wish: Wish, claims: Mapping[str, Claim], budget: float) -> Run:
        session, live = self.session, self._live
        asked = self._questions(wish, claims)
        async with live.turn:
            await live.use(self._policy)
            plan = wish.plan(
                self._entry(wish.entry, wish.protocols), session.seed, live.scenario.load.timeout
            )
            drive = Drive(
                live.stack,
                plan,
                asked,
                live.active,
                alpha=session.alpha,
                budget=budget,
                policy=self._described(wish),
                say=session.say,
            )
            run = await beside(await live.limited(_noted(drive)), live.stack, plan, live.active)
        session.runs.append(run)
        return run

    def _described(self, wish: Wish) -> str:
        """The policy, and what a reader must know of the load."""
        return "; ".join(one for one in (self._label, wish.closed.label if wish.closed else "") if one)

    def _questions(self, wish: Wish, claims: Mapping[str, Claim]) -> list[Question]:
        faults = (*self._live.active, *faults_of(wish.phases))
        return [Question(one, meant(one, self._policy, faults)) for one in requirements(**claims)]

    def _entry(self, named: str | None, protocols: tuple[Protocol, ...]) -> str:
        stack = self._live.stack
        if named is not None:
            nodes = nodes_named(self._policy, named)
            if len(nodes) > 1:
                raise UsageError(f"entry={named!r} is {' and '.join(nodes)}", hint="name one of them")
            return nodes[0]
        entries = [one for one in stack.topology.entries if stack.speaks(one, *protocols)]
        clients = [path.client for one in self._live.active for path in one.paths if path.client]
        if len(entries) != 1 and clients:
            return entry_of(stack.mesh, stack.topology.entries, clients[0])
        if len(entries) != 1:
            raise UsageError("where do users come in?", hint=f"entry= one of {', '.join(entries) or 'none'}")
        return entries[0]


async def _noted(drive: Drive) -> Run:
    """A run with how many rows there were when it was judged: none may come in between the two."""
    run = await drive.run()
    return replace(run, rows=len(run.ledger.rows))


def experiment(
    live: LiveMesh,
    *,
    seed: int = 0,
    alpha: float = ALPHA,
    tolerated: Sequence[Verdict] = (),
    say: Callable[[str], None] = print,
    folders: Sequence[Path] = (),
) -> tuple[MeshView, list[Run]]:
    """The mesh for one test, and the list that its runs will be in. `seed` 0: the scenario's."""
    runs: list[Run] = []
    live.call(live.fresh())
    session = Session(
        live, seed or live.scenario.seed, alpha, frozenset(tolerated), say, tuple(folders), runs
    )
    return MeshView(session, live.baseline), runs

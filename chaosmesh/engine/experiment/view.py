"""What a test holds in its hands: the mesh, its edges and nodes, load, and expectations. Plain calls, no asyncio."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from chaosmesh.engine.entrance import entry_of
from chaosmesh.engine.experiment.about import Session
from chaosmesh.engine.experiment.drive import Drive
from chaosmesh.engine.experiment.edges import Edge
from chaosmesh.engine.experiment.inputs import located
from chaosmesh.engine.experiment.live import LiveMesh
from chaosmesh.engine.experiment.loads import Load, Wish
from chaosmesh.engine.experiment.names import Named, nodes_named, paths_named
from chaosmesh.engine.experiment.nodes import Node
from chaosmesh.engine.experiment.policy import without
from chaosmesh.engine.experiment.questions import Question
from chaosmesh.engine.experiment.result import Run
from chaosmesh.engine.limits import rate_of
from chaosmesh.errors import UsageError
from chaosmesh.judge import ALPHA, Claim, Verdict, requirements
from chaosmesh.judge.durations import duration as seconds
from chaosmesh.load import RequestSpec
from chaosmesh.load.plan import Arrivals
from chaosmesh.mesh import Mesh

DEFAULT_RATE = 200.0


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

    def without(self, part: str) -> MeshView:
        """The same mesh with "retryPolicy", "perRetryTimeout", "timeout", "outlierDetection", "fallback" or
        "retryBudget" off on every edge, what the profile adds silently included: the proof that the policy is what
        saved it."""
        label = f"{self._label}, without {part}" if self._label else f"without {part}"
        return MeshView(self.session, without(self._policy, part), label)

    def apply(self, *paths: str | Path) -> None:
        """Put updated documents in force until the end of the test; when this returns they are, everywhere."""
        found = [located(one, (*self.session.folders, Path.cwd())) for one in paths]
        resources, policy = self._live.updated(self._resources, found)
        self._live.call(self._live.use(policy))
        self._resources, self._policy = resources, policy
        self._label = f"with {', '.join(one.name for one in found)}"

    def load(
        self,
        *,
        rate: float | None = None,
        path: str | None = None,
        headers: Mapping[str, str] | None = None,
        method: str = "GET",
        body: bytes = b"",
        arrivals: Arrivals | None = None,
        entry: str | None = None,
        count: int | None = None,
        duration: str | None = None,
    ) -> Load:
        """Open-loop load: `rate` requests a second at `entry`, whatever the answers do.

        What is left out comes from the scenario file's `load:`. `count` and `duration` ("10s") bound each
        stream; the budget of an expectation does too.
        """
        scenario = self._live.scenario.load
        own = RequestSpec(method, path or "/", tuple((headers or {}).items()), body)
        given = path is not None or headers or method != "GET" or body
        mix = (own,) if given or not scenario.mix else _mix(self._live)
        wanted = rate if rate is not None else rate_of(self._live.scenario, DEFAULT_RATE)
        if not wanted > 0:
            raise UsageError(f"load: the rate must be above 0 requests a second (got {wanted})")
        if count is not None and count < 1:
            raise UsageError(f"load: the count must be at least 1 (got {count})")
        limit = None if duration is None else seconds(duration, "duration")
        plan = Wish(mix, wanted, arrivals or scenario.arrivals, entry, count, limit)
        return Load(self, plan)

    # -- used by Load ---------------------------------------------------------------------------------------

    async def drive(self, wish: Wish, claims: Mapping[str, Claim], budget: float) -> Run:
        session, live = self.session, self._live
        asked = self._questions(claims)
        async with live.turn:
            await live.use(self._policy)
            drive = Drive(
                live.stack,
                wish.plan(self._entry(wish.entry), session.seed, live.scenario.load.timeout),
                asked,
                live.active,
                alpha=session.alpha,
                budget=budget,
                policy=self._label,
                say=session.say,
            )
            run = await live.limited(drive.run())
        session.runs.append(run)
        return run

    def _questions(self, claims: Mapping[str, Claim]) -> list[Question]:
        return [Question(one, self._meant(one.on, one.is_share)) for one in requirements(**claims)]

    def _meant(self, on: object, is_share: bool) -> Named | None:
        """The edge that a claim is about; of attempts the only one under a fault, if none is named."""
        match on:
            case None if not is_share and len(self._live.active) == 1:
                return self._live.active[0].edge
            case None:
                return None
            case Edge():
                return on.named
            case (str(client), str(service)):
                return self.edge(client, service).named
        raise UsageError(f"on={on!r} is no edge", hint='on=mesh.edge("client", "service")')

    def _entry(self, named: str | None) -> str:
        stack = self._live.stack
        if named is not None:
            nodes = nodes_named(self._policy, named)
            if len(nodes) > 1:
                raise UsageError(f"entry={named!r} is {' and '.join(nodes)}", hint="name one of them")
            return nodes[0]
        entries = [one for one in stack.topology.entries if stack.speaks_http(one)]
        if len(entries) != 1 and self._live.active:
            return entry_of(stack.mesh, stack.topology.entries, self._live.active[0].paths[0].client)
        if len(entries) != 1:
            raise UsageError("where do users come in?", hint=f"entry= one of {', '.join(entries) or 'none'}")
        return entries[0]


def _mix(live: LiveMesh) -> tuple[RequestSpec, ...]:
    return tuple(
        RequestSpec(one.method, one.path, tuple(one.headers.items()), one.body.encode(), one.weight)
        for one in live.scenario.load.mix
    )


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

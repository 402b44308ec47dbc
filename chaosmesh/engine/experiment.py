"""What a test holds in its hands: the mesh, its edges and nodes, load, and expectations. Plain calls, no asyncio."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from types import TracebackType

from chaosmesh.engine.entrance import entry_of
from chaosmesh.engine.experiment_counts import Question
from chaosmesh.engine.experiment_drive import Drive, Plan
from chaosmesh.engine.experiment_faults import InForce
from chaosmesh.engine.experiment_live import LiveMesh
from chaosmesh.engine.experiment_names import Named, Path, callers, nodes_named, paths_named
from chaosmesh.engine.experiment_policy import without
from chaosmesh.engine.experiment_result import ERRORS, Run
from chaosmesh.errors import KeeperLostError, UsageError
from chaosmesh.faults import Down, Errors, Fault, Latency
from chaosmesh.judge import ALPHA, Claim, Verdict, requirements
from chaosmesh.judge.durations import duration as seconds
from chaosmesh.load import RequestSpec
from chaosmesh.load.plan import Arrivals
from chaosmesh.mesh import Mesh

DEFAULT_RATE = 200.0
DEFAULT_BUDGET = "30s"

_numbers = itertools.count(1)


@dataclass(slots=True)
class Session:
    """What is the same for all expectations of one test. `tolerated`: verdicts that do not stop it."""

    live: LiveMesh
    seed: int
    alpha: float
    tolerated: frozenset[Verdict]
    say: Callable[[str], None]
    folders: tuple[FilePath, ...]
    runs: list[Run]


class MeshView:
    """The mesh under one policy. `without` and `apply` give or make others; each is in force while it is used."""

    def __init__(self, session: Session, policy: Mesh, label: str = "") -> None:
        self._session = session
        self._live = session.live
        self._policy = policy
        self._resources = session.live.resources
        self._label = label

    def edge(self, client: str, service: str) -> Edge:
        """The calls of a client to a service; a virtual service as client stands for all nodes behind it."""
        return Edge(self._session, Named(f"{client} → {service}", paths_named(self._policy, client, service)))

    def node(self, name: str) -> Node:
        """A virtual node, or all nodes behind a virtual service."""
        return Node(self._session, self._policy, nodes_named(self._policy, name))

    def without(self, part: str) -> MeshView:
        """The same mesh with "retryPolicy", "perRetryTimeout", "timeout", "outlierDetection", "fallback" or
        "retryBudget" off on every edge, what the profile adds silently included: the proof that the policy is what
        saved it."""
        label = f"{self._label}, without {part}" if self._label else f"without {part}"
        return MeshView(self._session, without(self._policy, part), label)

    def apply(self, *paths: str | FilePath) -> None:
        """Put updated documents in force until the end of the test; when this returns they are, everywhere."""
        from chaosmesh.engine.experiment_inputs import located

        found = [located(one, (*self._session.folders, FilePath.cwd())) for one in paths]
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
        wanted = rate if rate is not None else (scenario.rate or DEFAULT_RATE)
        if not wanted > 0:
            raise UsageError(f"load: the rate must be above 0 requests a second (got {wanted})")
        if count is not None and count < 1:
            raise UsageError(f"load: the count must be at least 1 (got {count})")
        limit = None if duration is None else seconds(duration, "duration")
        plan = _Wish(mix, wanted, arrivals or scenario.arrivals, entry, count, limit)
        return Load(self, plan)

    # -- used by Load ---------------------------------------------------------------------------------------

    async def _expect(self, wish: _Wish, claims: Mapping[str, Claim], budget: float) -> Run:
        session, live = self._session, self._live
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
            run = await drive.run()
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


@dataclass(frozen=True, slots=True)
class _Wish:
    """Load as the test wrote it."""

    mix: tuple[RequestSpec, ...]
    rate: float
    arrivals: Arrivals
    entry: str | None
    count: int | None
    duration: float | None

    def plan(self, entry: str, seed: int, patience: float | None) -> Plan:
        plan = Plan(entry, self.mix, self.rate, self.arrivals, seed, self.count, self.duration)
        return plan if patience is None else replace(plan, patience=patience)


def _mix(live: LiveMesh) -> tuple[RequestSpec, ...]:
    return tuple(
        RequestSpec(one.method, one.path, tuple(one.headers.items()), one.body.encode(), one.weight)
        for one in live.scenario.load.mix
    )


class Load:
    """Load that is sent only while something is expected of it."""

    def __init__(self, view: MeshView, wish: _Wish) -> None:
        self._view = view
        self._wish = wish

    def expect(self, *, budget: str = DEFAULT_BUDGET, **claims: Claim) -> Run:
        """Drive load until every claim is decided or the budget ends; what was found.

        Raises Failed, Inconclusive or Invalid with the evidence. Claims: success, p50, p99 (any quantile),
        status_503, status_5xx, and on an edge attempts and amplification_entry.
        """
        return self._checked(self._view._live.call(self._expect(budget, claims)))

    async def expect_async(self, *, budget: str = DEFAULT_BUDGET, **claims: Claim) -> Run:
        """`expect` for tests that are coroutines: their own loop goes on meanwhile."""
        live = self._view._live
        work = live.loop.submit(live.guarded(self._expect(budget, claims)))
        return self._checked(await asyncio.wrap_future(work))

    async def _expect(self, budget: str, claims: Mapping[str, Claim]) -> Run:
        return await self._view._expect(self._wish, claims, seconds(budget, "budget"))

    def _checked(self, run: Run) -> Run:
        if run.verdict is not Verdict.PASS and run.verdict not in self._view._session.tolerated:
            raise ERRORS[run.verdict](run)
        return run


class Edge:
    """Calls of one or more client nodes to a service. Faults on it are context managers; several nest."""

    def __init__(self, session: Session, named: Named) -> None:
        self._session = session
        self.named = named

    def __repr__(self) -> str:
        return f"<edge {self.named}: {', '.join(map(str, self.named.paths))}>"

    def errors(self, status: int, *, share: float = 1.0) -> FaultContext:
        """A share of the attempts is answered with `status` by the callee's sidecar; same seed, same victims."""
        seed = self._session.seed
        label = f"{status} {share * 100:.4g} %"
        return self._fault(
            label, "errors", lambda name, one: Errors(name, one.pair, status, share, seed, one.workload)
        )

    def latency(self, delay: str, *, jitter: str = "0ms") -> FaultContext:
        """Everything that comes back over the edge is held back: "300ms", ± jitter."""
        ms, plus = _ms(delay, "latency"), _ms(jitter, "jitter")
        label = f"+{delay}" + (f" ± {jitter}" if plus else "")
        return self._fault(label, "latency", lambda name, one: Latency(name, _whole(one), ms, plus))

    def down(self) -> FaultContext:
        """The whole edge is down: open connections end, new ones are refused."""
        return self._fault("down", "down", lambda name, one: Down(name, _whole(one)))

    def _fault(self, label: str, kind: str, make: Callable[[str, Path], Fault]) -> FaultContext:
        number = next(_numbers)
        made = tuple(
            make(f"{kind}-{one.client}-{one.service}-{number}.{index}", one)
            for index, one in enumerate(self.named.paths)
        )
        return FaultContext(self._session.live, InForce(label, self.named, made))


def _ms(text: str, what: str) -> int:
    return round(seconds(text, what) * 1000)


def _whole(path: Path) -> tuple[str, str]:
    """Connections are shared by the nodes behind a service's name: a fault on them can't pick one node yet."""
    if path.workload:
        raise UsageError(
            f"{path}: latency and down act on whole edges", hint=f"name the service {path.service!r}"
        )
    return path.pair


class FaultContext:
    """A fault that is in force inside its `with` block: from the first line in it to the last."""

    def __init__(self, live: LiveMesh, context: InForce) -> None:
        self._live = live
        self._context = context

    def __enter__(self) -> FaultContext:
        self._live.call(self._live.apply(self._context))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._live.call(self._live.heal(self._context))
        except KeeperLostError:
            if error is None:
                raise


class Node:
    """One virtual node, or all nodes behind a virtual service."""

    def __init__(self, session: Session, policy: Mesh, names: tuple[str, ...]) -> None:
        self._session = session
        self._policy = policy
        self.names = names

    @property
    def replicas(self) -> int:
        """How many copies of it run."""
        topology = self._session.live.stack.topology
        return sum(len(topology.replicas_of(name)) for name in self.names)

    @property
    def callers(self) -> Edge:
        """Every edge that leads to it."""
        paths = callers(self._policy, self.names)
        if not paths:
            raise UsageError(f"nobody calls {' or '.join(self.names)}")
        return Edge(self._session, Named(f"callers of {', '.join(self.names)}", paths))


def experiment(
    live: LiveMesh,
    *,
    seed: int = 0,
    alpha: float = ALPHA,
    tolerated: Sequence[Verdict] = (),
    say: Callable[[str], None] = print,
    folders: Sequence[FilePath] = (),
) -> tuple[MeshView, list[Run]]:
    """The mesh for one test, and the list that its runs will be in. `seed` 0: the scenario's."""
    runs: list[Run] = []
    live.call(live.fresh())
    session = Session(
        live, seed or live.scenario.seed, alpha, frozenset(tolerated), say, tuple(folders), runs
    )
    return MeshView(session, live.baseline), runs

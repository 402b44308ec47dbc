"""A whole mesh as one thing that is started and stopped."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self

from chaosmesh.engine.experiment.edges import Edge
from chaosmesh.engine.experiment.externals import ExternalOf
from chaosmesh.engine.experiment.inputs import Wanted, located
from chaosmesh.engine.experiment.live import LiveMesh
from chaosmesh.engine.experiment.loads import Load
from chaosmesh.engine.experiment.nodes import Node
from chaosmesh.engine.experiment.session import Meshes, experiment
from chaosmesh.engine.experiment.view import MeshView
from chaosmesh.errors import EnvironmentFailedError, UsageError
from chaosmesh.runtime.kinds import KINDS, Kind


class MeshContainer:
    """The mesh of some documents: a sidecar for every node, with what the scenario file names behind it, else with
    stand-ins. In containers unless `with_runtime("process")`.

    `with_…` before it is started; `get_…` and the faults (`edge`, `node`, `external`) while it runs. At the end every
    fault is healed, which is proved, and everything is gone.
    """

    def __init__(self, *documents: str | Path) -> None:
        self._documents = documents
        self._variables: dict[str, str] = {}
        self._scenario: Path | None = None
        self._profile = "appmesh"
        self._runtime: Kind = "docker"
        self._runs = Path("runs")
        self._containers: list[tuple[str, Any, int | None]] = []
        self._meshes: Meshes | None = None
        self._live: LiveMesh | None = None
        self._view: MeshView | None = None

    def with_variable(self, name: str, value: str) -> Self:
        """A variable of the documents, or a parameter of CloudFormation."""
        self._variables[name] = value
        return self

    def with_scenario(self, file: str | Path) -> Self:
        """Another scenario file than the one beside the documents."""
        self._scenario = Path(file)
        return self

    def with_profile(self, profile: str) -> Self:
        """Whose hidden defaults hold: appmesh, appmesh-legacy or envoy."""
        self._profile = profile
        return self

    def with_runtime(self, runtime: Kind) -> Self:
        """ "docker", or "process" where no container is needed."""
        if runtime not in KINDS:
            raise UsageError(f"with_runtime: {runtime!r}", hint=f"one of: {', '.join(KINDS)}")
        self._runtime = runtime
        return self

    def with_runs(self, folder: str | Path) -> Self:
        """Where the run folder goes (default: runs/)."""
        self._runs = Path(folder)
        return self

    def with_container(self, node: str, container: Any, port: int | None = None) -> Self:
        """Put a container of your own behind a node; `port` is where it listens, if not on the node's own one."""
        self._containers.append((node, container, port))
        return self

    def start(self) -> Self:
        """Starts everything; returns when it serves. EnvironmentFailedError where that fails, and then nothing runs."""
        if self._meshes is not None:
            raise UsageError("this mesh runs already", hint="one MeshContainer for each mesh")
        here = (Path.cwd(),)
        wanted = Wanted(
            tuple(located(one, here) for one in self._documents),
            tuple(sorted(self._variables.items())),
            self._profile,
            None if self._scenario is None else located(self._scenario, here),
            runtime=self._runtime,
        )
        self._meshes = Meshes(self._runs.absolute())
        try:
            self._live = self._meshes.of(wanted)
            self._view, _ = experiment(self._live)
            for node, container, port in self._containers:
                self._view.attach(node, container, port=port)
        except BaseException:
            self.stop(proved=False)
            raise
        return self

    def stop(self, *, proved: bool = True) -> None:
        """Heals every fault, proves it (`proved`), and ends everything. Harmless when nothing runs."""
        meshes, live = self._meshes, self._live
        self._meshes = self._live = self._view = None
        if meshes is None:
            return
        try:
            if proved and live is not None and meshes.warm(live):
                meshes.settle(live)
        finally:
            left = meshes.close()
        if left:
            raise EnvironmentFailedError(f"the mesh left behind: {', '.join(left)}", hint="chaosmesh clean")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop(proved=error is None)

    def get_entry_url(self, entry: str | None = None) -> str:
        """Where users come in: at this workload, or at the only entry."""
        stack = self._running.stack
        entries = stack.topology.entries
        if entry is None and len(entries) != 1:
            raise UsageError("where do users come in?", hint=f"get_entry_url(one of {', '.join(entries)})")
        return stack.entry_url(entry or entries[0])

    def get_egress_url(self, client: str, service: str) -> str:
        """Where the application of a node calls a virtual service: its sidecar."""
        return self._running.stack.egress_url(client, service)

    def get_admin_url(self, node: str, replica: int = 0) -> str:
        """Envoy's admin page of a replica."""
        found = {one.index: one for one in self._running.stack.topology.replicas_of(node)}
        if replica not in found:
            raise UsageError(
                f"{node} has no replica {replica}", hint=f"it has {', '.join(map(str, found)) or 'none'}"
            )
        return f"http://{found[replica].sidecar}:9901"

    @property
    def view(self) -> MeshView:
        """The mesh as the fixture `mesh` gives it: all that a test can do with it."""
        if self._view is None:
            raise UsageError("the mesh does not run", hint="with MeshContainer(…) as mesh:, or start()")
        return self._view

    def edge(self, client: str, service: str) -> Edge:
        """The calls of a client to a service, for faults on them."""
        return self.view.edge(client, service)

    def node(self, name: str) -> Node:
        """A virtual node, for faults on it and on its replicas."""
        return self.view.node(name)

    def external(self, name: str) -> ExternalOf:
        """Something outside the mesh, for faults on connections to it."""
        return self.view.external(name)

    def load(self, **wish: Any) -> Load:
        """Load of the mesh; `expect` of it drives it (docs/experiments.md)."""
        return self.view.load(**wish)

    @property
    def _running(self) -> LiveMesh:
        if self._live is None:
            raise UsageError("the mesh does not run", hint="with MeshContainer(…) as mesh:, or start()")
        return self._live


Mesh = MeshContainer
"""The same under a shorter name."""

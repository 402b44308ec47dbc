"""What faults do to the control plane and to certificates."""

from __future__ import annotations

from collections import Counter

from chaosmesh.engine.ground import Ground, Grounded
from chaosmesh.engine.looks import Looks
from chaosmesh.engine.refusals import refusals
from chaosmesh.errors import UsageError
from chaosmesh.faults.evidence import Evidence
from chaosmesh.faults.grip import Flaw
from chaosmesh.mesh import Replica

IN_FORCE_S = 30.0
"""Seconds in which everything must be in force again."""

PLANE = "the control plane"


class PlaneActs(Grounded):
    """The control plane goes, goes stale, pushes badly; a node shows a wrong certificate."""

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._handshakes = Looks()
        self._outage = ""

    async def lose_control(self, lease: str, evidence: Evidence) -> None:
        """The control plane goes away."""
        self._begin(lease)
        broken = await self._ground.control.go_down("a fault has ended the control plane")
        evidence.note(PLANE, broken, f"ended, {broken} streams of sidecars broke")

    async def regain_control(self, lease: str) -> None:
        """It is back."""
        if self._outage == lease:
            await self._ground.control.come_back(self.absent, IN_FORCE_S)
            self._outage = ""

    async def hold_back(self, lease: str, evidence: Evidence) -> None:
        """No push reaches a sidecar."""
        self._begin(lease)

        def held(pushes: int) -> None:
            evidence.note(PLANE, pushes, f"held back {pushes} pushes")

        evidence.note(PLANE, 0, "was stale, but nothing was pushed meanwhile")
        self._ground.control.stop_pushing("a fault has made the control plane stale", held)

    async def let_through(self, lease: str) -> None:
        """Pushes reach the sidecars again."""
        if self._outage == lease:
            self._ground.control.push_again()
            self._outage = ""

    async def push_badly(self, lease: str, evidence: Evidence) -> None:
        """Send every sidecar something that it refuses."""
        self._begin(lease)
        why = "a fault keeps pushing what Envoy refuses"
        refused = await self._ground.control.spoil(why, self.absent, IN_FORCE_S)
        for words, count in Counter(refused.values()).items():
            evidence.note(f"{count} sidecars", count, f"refused a push: {words}")

    async def push_well(self, lease: str) -> None:
        """Take it back."""
        if self._outage == lease:
            await self._ground.control.mend(self.absent, IN_FORCE_S)
            self._outage = ""

    async def show_flawed(self, lease: str, node: str, flaw: Flaw, evidence: Evidence) -> None:
        """Show a certificate that is not right."""
        ground, witnesses = self._ground, self._witnesses(node)
        began = await refusals(witnesses)
        ground.secrets.spoil(lease, ground.mesh, node, flaw)

        async def look() -> None:
            refused = (await refusals(witnesses)).since(began)
            evidence.note(node, refused, f"was refused {refused:,} handshakes")

        evidence.note(node, 0, "was refused no handshake: nobody verifies its certificate, or nobody calls")
        self._handshakes.begin(lease, look)
        async with ground.turns.shared():
            await ground.push()
            await self._cut(node)

    async def show_right(self, lease: str) -> None:
        """Show the right one again."""
        await self._handshakes.end(lease)
        ground = self._ground
        if node := ground.secrets.mend(lease):
            async with ground.turns.shared():
                await ground.push()
                await self._cut(node)

    def _begin(self, lease: str) -> None:
        if self._outage:
            raise UsageError(
                f"the control plane is under a fault already ({self._ground.control.outage})",
                hint="one at a time: heal that one first",
            )
        self._outage = lease

    async def _cut(self, node: str) -> None:
        """End the connections in which the node has shown its certificate, as server and as client."""
        for edge in self._ground.topology.proxies:
            if node in (edge.client, edge.server):
                for port in edge.ports:
                    await self._ground.runtime.toxiproxy.cut(edge.name(port))

    def _witnesses(self, node: str) -> list[Replica]:
        """Who may refuse a handshake of the node: the node itself, and everybody across an edge."""
        topology = self._ground.topology
        pairs = [{one.client, one.server} for one in topology.proxies if node in (one.client, one.server)]
        names = {node}.union(*pairs)
        return [one for one in topology.replicas if one.node in names]

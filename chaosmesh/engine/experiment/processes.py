"""The processes of one replica, or of several at once, in a test's hands."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chaosmesh.engine.experiment.acting import acting_on
from chaosmesh.engine.experiment.contexts import FaultContext
from chaosmesh.engine.experiment.holding import Hand
from chaosmesh.faults import Crash, Fault, Hang, Role
from chaosmesh.mesh import Replica

Make = Callable[[str, Replica], Fault]


class Processes:
    """Faults on the processes of one replica, or of several at once."""

    _role: Role = "app"

    def __init__(self, session: Hand, label: str, replicas: Sequence[Replica]) -> None:
        self._session = session
        self._label = label
        self._those = tuple(replicas)

    def __repr__(self) -> str:
        return f"<{self._label}>"

    @property
    def label(self) -> str:
        """Its name in statements."""
        return self._label

    @property
    def those(self) -> tuple[Replica, ...]:
        """The replicas that are meant."""
        return self._those

    def crash(self) -> FaultContext:
        """SIGKILL; its callers are refused. Healing starts it anew."""
        return self._fault(
            "crash", lambda name, r: Crash(id=name, node=r.node, replica=r.index, role=self._role)
        )

    def _stopped(self, label: str) -> FaultContext:
        return self._fault(
            label, lambda name, r: Hang(id=name, node=r.node, replica=r.index, role=self._role)
        )

    def _fault(self, label: str, make: Make) -> FaultContext:
        return acting_on(self._session, label, self._label, self._those, make)

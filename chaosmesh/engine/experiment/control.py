"""The control plane in a test's hands. One fault on it at a time."""

from __future__ import annotations

from chaosmesh.engine.experiment.acting import acting_on_mesh
from chaosmesh.engine.experiment.contexts import FaultContext
from chaosmesh.engine.experiment.holding import Hand
from chaosmesh.faults import BadPush, ControlPlaneKilled, ControlPlaneStale

PLACE = "the control plane"


class ControlPlaneOf:
    """What may happen to the control plane of a mesh. Faults that are made by it (errors and delays of requests,
    certificates, replicas) and other policies can't be put in force meanwhile: NotInForceError says so at once."""

    def __init__(self, session: Hand) -> None:
        self._session = session

    def __repr__(self) -> str:
        return f"<{PLACE}>"

    def kill(self) -> FaultContext:
        """It is gone: streams break, sidecars serve on as they were told last. Healing brings everything up to date."""
        return acting_on_mesh(self._session, "kill", PLACE, lambda name: ControlPlaneKilled(id=name))

    def stale(self) -> FaultContext:
        """Nothing that is pushed reaches a sidecar. It acts once something is."""
        return acting_on_mesh(self._session, "stale", PLACE, lambda name: ControlPlaneStale(id=name))

    def bad_push(self) -> FaultContext:
        """It sends every sidecar something that Envoy refuses; what was in force before stays."""
        return acting_on_mesh(self._session, "bad push", PLACE, lambda name: BadPush(id=name))

"""A fault as a context manager."""

from __future__ import annotations

from types import TracebackType

from chaosmesh.engine.experiment.in_force import InForce
from chaosmesh.engine.experiment.live import LiveMesh
from chaosmesh.errors import KeeperLostError


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

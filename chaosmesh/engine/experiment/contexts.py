"""A fault as a context manager."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from chaosmesh.engine.experiment.holding import Live, Meant
from chaosmesh.engine.experiment.in_force import InForce
from chaosmesh.errors import KeeperLostError, UsageError


class FaultContext:
    """A fault that is in force inside its `with` block, from the first line in it to the last; or in a phase.

    In a coroutine `async with` does the same without blocking the test's own loop.
    """

    def __init__(self, live: Live, context: InForce) -> None:
        self._live = live
        self.in_force = context
        self.meant = Meant(
            f"{context} was made, and never put in force",
            "with mesh.edge(…).errors(…): around the load, or a phase of its schedule",
        )
        live.expects(self.meant)

    def __repr__(self) -> str:
        return f"<fault {self.in_force}>"

    async def apply(self) -> None:
        """Put it in force; on the mesh's own loop. UsageError when it is in force already."""
        self.meant.done = True
        if self.in_force in self._live.active:
            raise UsageError(
                f"{self.in_force} is in force already", hint="make another one, or leave its block first"
            )
        await self._live.apply(self.in_force)

    async def heal(self) -> None:
        """Take it off; on the mesh's own loop. Harmless when it is off. It may be put in force again."""
        await self._live.heal(self.in_force)

    def __enter__(self) -> FaultContext:
        self._live.call(self.apply())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with _at_the_end(error):
            self._live.call(self.heal())

    async def __aenter__(self) -> FaultContext:
        await self._live.acall(self.apply())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with _at_the_end(error):
            await self._live.acall(self.heal())


@contextmanager
def _at_the_end(error: BaseException | None) -> Iterator[None]:
    """The end of a block: that the keeper is gone, which heals everything itself, does not hide the block's own error."""
    try:
        yield
    except KeeperLostError:
        if error is None:
            raise

"""One stream of load: begun, looked at, taken through its schedule, stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from chaosmesh.engine.experiment.facts import Sent, Span
from chaosmesh.engine.experiment.plan import Plan
from chaosmesh.engine.experiment.sending import begin
from chaosmesh.engine.experiment.timetable import Timetable
from chaosmesh.engine.stack import Stack
from chaosmesh.load import Record, StreamReport


class Course:
    """A stream for at most `longest` seconds. `received` counts the requests that have ended, `sent` says what the
    stream is, `policies` which ones came into force on the way."""

    def __init__(self, stack: Stack, plan: Plan, longest: float | None) -> None:
        self._stack = stack
        self._plan = plan
        self._longest = longest
        self._changed: Callable[[], None] = lambda: None
        self._timetable = Timetable(plan.phases, lambda: self._changed())
        self._stream: int | None = None
        self._ended = False
        self.received = 0

    @property
    def sent(self) -> tuple[Sent, ...]:
        """The stream as it is by now; none before it has begun."""
        return () if self._stream is None else (Sent(self._stream, self._ended, self._timetable.spans),)

    @property
    def policies(self) -> tuple[Span, ...]:
        """When which policy came into force."""
        return tuple(self._timetable.policies)

    async def run(
        self, undecided: Callable[[], str], changed: Callable[[], None]
    ) -> tuple[StreamReport, str | None]:
        """Load until nothing is `undecided`, the schedule is through, or time is up; why it says nothing, if so.

        `changed` is called whenever `sent` or `policies` did.
        """
        self._changed = changed
        running = await begin(self._stack, self._plan, "expect", self._longest, self._take)
        self._stream = running.stream.id
        changed()
        done = asyncio.create_task(running.done())
        try:
            problem = await self._go(undecided, done)
        except BaseException:
            done.cancel()
            raise
        finally:
            running.stop()
            await self._timetable.clear()
        report = await done
        self._ended = True
        changed()
        return report, problem

    async def _go(self, undecided: Callable[[], str], done: asyncio.Task[StreamReport]) -> str | None:
        """Wait for the first of: a verdict, the end of the schedule, the end of the stream."""
        decided = asyncio.create_task(self._stack.bell.met(undecided))
        through = asyncio.create_task(self._timetable.run(done)) if self._plan.phases else None
        waiting = {one for one in (decided, through, done) if one is not None}
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if decided.done():
                decided.result()
            elif through is not None and not await through:
                return "the load ended before its schedule was through"
        finally:
            ending = [one for one in (decided, through) if one is not None]
            for one in ending:
                one.cancel()
            await asyncio.gather(*ending, return_exceptions=True)
        return None

    def _take(self, records: list[Record]) -> None:
        self.received += len(records)

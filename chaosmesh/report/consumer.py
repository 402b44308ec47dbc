"""What a consumer of events is, and how several of them listen to one run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from chaosmesh.engine.events import Event


class Consumer(Protocol):
    """Takes every event of a run; `close` is called once at the end, however the run ended."""

    def __call__(self, event: Event, /) -> None:
        """Take one event."""

    def close(self) -> None:
        """Let go of files and of the screen."""


class Consumers:
    """Hands each event to all consumers. One that fails does not silence the others; its error comes last."""

    def __init__(self, consumers: Sequence[Consumer]) -> None:
        self._consumers = tuple(consumers)

    def __call__(self, event: Event) -> None:
        """Hand the event to every consumer, then raise what went wrong in any of them."""
        failures: list[Exception] = []
        for consumer in self._consumers:
            try:
                consumer(event)
            except Exception as failure:  # noqa: BLE001 - a full disk must not cost the user the table
                failures.append(failure)
        _raise(failures)

    def close(self) -> None:
        """Close every consumer, then raise what went wrong in any of them."""
        failures: list[Exception] = []
        for consumer in self._consumers:
            try:
                consumer.close()
            except Exception as failure:  # noqa: BLE001 - the terminal must be restored in any case
                failures.append(failure)
        _raise(failures)


def _raise(failures: list[Exception]) -> None:
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise ExceptionGroup("several reports failed", failures)

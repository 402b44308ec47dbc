"""What was seen of a fault that leaves no mark on attempts: a process that ended, a configuration that was refused."""

from __future__ import annotations

from collections.abc import Iterator


class Evidence:
    """By subject (a process, a sidecar): how often the fault acted on it, and how that was seen. What is noted
    later of the same subject takes the earlier note's place."""

    def __init__(self) -> None:
        self._notes: dict[str, tuple[int, str]] = {}

    def note(self, subject: str, times: int, text: str) -> None:
        """`text` may name the number itself; a subject on which the fault never acted is noted with 0 times."""
        self._notes[subject] = (times, text)

    @property
    def times(self) -> int:
        """How often the fault acted, all subjects together."""
        return sum(times for times, _ in self._notes.values())

    def __iter__(self) -> Iterator[str]:
        return (f"{subject} {text}" for subject, (_, text) in self._notes.items())

    def __str__(self) -> str:
        return "; ".join(self)

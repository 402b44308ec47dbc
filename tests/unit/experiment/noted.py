"""Something that can be in force, and tells what was done to it."""

from __future__ import annotations


class Noted:
    """An act that notes what is done to it."""

    def __init__(self, name: str, notes: list[str], *, broken: bool = False) -> None:
        self._name, self._notes, self._broken = name, notes, broken

    async def apply(self) -> None:
        self._notes.append(f"+{self._name}")
        if self._broken:
            raise RuntimeError(self._name)

    async def heal(self) -> None:
        self._notes.append(f"-{self._name}")

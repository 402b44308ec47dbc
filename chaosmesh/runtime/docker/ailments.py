"""Faults on the containers of a run: made, and looked for afterwards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from chaosmesh.errors import ChaosMeshError, UsageError
from chaosmesh.runtime.docker.filled import Filled
from chaosmesh.runtime.docker.ill import Ill, Patient
from chaosmesh.runtime.docker.severed import Nameless, Severed
from chaosmesh.runtime.docker.squeezed import Slowed, Starved
from chaosmesh.runtime.heal import Heal

Do = Callable[..., Awaitable[Any]]
"""Runs something that blocks."""

_KINDS: Mapping[str, Callable[[Patient, Mapping[str, Any]], Ill]] = {
    "partition": lambda patient, _: Severed(patient),
    "dns": lambda patient, _: Nameless(patient),
    "cpu": lambda patient, values: Slowed(patient, float(values["share"])),
    "memory": lambda patient, values: Starved(patient, int(values["bytes"])),
    "disk_full": lambda patient, values: Filled(patient, str(values["path"])),
}


class Ailments:
    """Every container that a fault has touched; `left` asks the engine and the kernel how they are."""

    def __init__(self, do: Do) -> None:
        self._do = do
        self._touched: dict[tuple[str, str], Ill] = {}
        self._now: set[tuple[str, str]] = set()

    async def on(self, patient: Patient, kind: str, values: Mapping[str, Any]) -> _Ailing:
        """One fault, checked and ready. UsageError for what can't be done, also for a second one of a kind."""
        key = (patient.part, kind)
        if key in self._now:
            raise UsageError(
                f"{kind}: {patient.part} is under such a fault already", hint="heal that one first"
            )
        ill = _KINDS[kind](patient, values)
        heals = await self._do(ill.prepare)
        # the first one knows how it was before any fault
        self._touched.setdefault(key, ill)
        self._now.add(key)
        return _Ailing(ill, heals, self._do, lambda: self._now.discard(key))

    async def left(self) -> list[str]:
        """In words, what is not as it was."""
        found = [await self._do(_left, one) for one in self._touched.values()]
        return [one for one in found if one]


class _Ailing:
    def __init__(self, ill: Ill, heals: Sequence[Heal], do: Do, over: Callable[[], None]) -> None:
        self.heals = tuple(heals)
        self._over = over
        self._ill = ill
        self._do = do

    async def begin(self) -> None:
        await self._do(self._ill.begin)

    async def end(self) -> None:
        await self._do(self._ill.end)
        self._over()

    async def seen(self) -> tuple[int, str]:
        found: tuple[int, str] = await self._do(self._ill.seen)
        return found


def _left(ill: Ill) -> str:
    from docker.errors import NotFound

    try:
        return ill.left()
    except (KeyError, NotFound):  # it is gone, and all that was done to it
        return ""
    except ChaosMeshError as error:
        return str(error)

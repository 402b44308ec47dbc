"""What every sidecar shall hold and holds, and waiting until both are the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from chaosmesh.envoy.codec import KINDS, Encoded, Kind, encode
from chaosmesh.envoy.snapshot import Snapshot
from chaosmesh.envoy.stream import Rejection, Stream
from chaosmesh.errors import ChaosMeshError, DeadlineError

Resources = dict[Kind, dict[str, Encoded]]


class RefusedError(ChaosMeshError):
    """Raised inside the control plane when a sidecar sent a NACK; leaves it as RejectedError."""

    def __init__(self, key: str, rejection: Rejection) -> None:
        super().__init__(f"sidecar {key} rejected its {rejection.kind}: {rejection.text}")
        self.key = key
        self.rejection = rejection


@dataclass(slots=True, eq=False)
class Sidecar:
    """One sidecar in the control plane. `wanted` is what it is told now, `good` the last complete snapshot."""

    key: str
    good: Snapshot = field(default_factory=Snapshot)
    encoded: Resources = field(default_factory=dict)
    wanted: Resources = field(default_factory=dict)
    stream: Stream | None = None
    history: str = "never connected"
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    def encode(self, snapshot: Snapshot) -> Resources:
        """A snapshot on the wire; what did not change since the last good one is not encoded again."""
        new = replace(snapshot, secrets=snapshot.asked_secrets())
        return {kind: self._encode(kind, getattr(self.good, kind), getattr(new, kind)) for kind in KINDS}

    def want(self, **resources: dict[str, Encoded]) -> None:
        """Replaces what the sidecar is told of some kinds, and wakes its writer."""
        self.wanted = {**self.wanted, **resources}  # type: ignore[dict-item]
        self.wake.set()

    def in_force(self, kinds: Iterable[Kind]) -> bool:
        """Whether everything told of these kinds is acknowledged; RefusedError if it was rejected."""
        if self.stream is None:
            return False
        done = True
        for kind in kinds:
            if not self.stream.in_force(kind, self.wanted.get(kind, {})):
                self._check(self.stream.rejection(kind))
                done = False
        return done

    def seen(self, kinds: Iterable[Kind]) -> str:
        """What was last seen, for an error."""
        if self.stream is None:
            return self.history
        stream = self.stream
        open_kinds = [one for one in kinds if not stream.in_force(one, self.wanted.get(one, {}))]
        return ", ".join(f"{one} {stream.seen(one)}" for one in open_kinds) or "connected"

    def _encode(
        self, kind: Kind, old: Mapping[str, object], new: Mapping[str, dict[str, object]]
    ) -> dict[str, Encoded]:
        known = self.encoded.get(kind, {})
        return {
            name: known[name] if name in known and old.get(name) == one else encode(kind, one)
            for name, one in new.items()
        }

    def _check(self, rejection: Rejection | None) -> None:
        if rejection is None:
            return
        wanted = self.wanted.get(rejection.kind, {})
        if any(name in wanted and wanted[name].hash == digest for name, digest in rejection.contents.items()):
            raise RefusedError(self.key, rejection)


class Barrier:
    """Wakes whoever waits for sidecars, as soon as one of them moves."""

    def __init__(self) -> None:
        self._moved = asyncio.Event()
        self._touched: set[str] = set()

    def touch(self, key: str) -> None:
        """Something happened with a sidecar: connected, gone, acknowledged, rejected."""
        self._touched.add(key)
        self._moved.set()

    async def connected(self, sidecars: Collection[Sidecar], deadline: float) -> None:
        """Returns when every sidecar has a stream."""
        await self.until(
            sidecars, lambda one: one.in_force(()), deadline, "are not connected to the control plane"
        )

    async def in_force(self, sidecars: Collection[Sidecar], kinds: tuple[Kind, ...], deadline: float) -> None:
        """Returns when every sidecar holds what it was told of these kinds (`deadline` in loop time)."""
        await self.until(
            sidecars,
            lambda one: one.in_force(kinds),
            deadline,
            "did not acknowledge their configuration",
            kinds,
        )

    async def until(
        self,
        sidecars: Collection[Sidecar],
        true: Callable[[Sidecar], bool],
        deadline: float,
        what: str,
        kinds: tuple[Kind, ...] = KINDS,
    ) -> None:
        """Returns when it is true of every sidecar. DeadlineError says of which not, with what was last seen of
        their `kinds`."""
        waiting = {one.key: one for one in sidecars if not true(one)}
        try:
            async with asyncio.timeout_at(deadline):
                while waiting:
                    await self._moved.wait()
                    self._moved.clear()
                    touched, self._touched = self._touched, set()
                    for key in touched & waiting.keys():
                        if true(waiting[key]):
                            del waiting[key]
        except TimeoutError:
            seen = "; ".join(f"{one.key}: {one.seen(kinds)}" for one in waiting.values())
            raise DeadlineError(
                f"{len(waiting)} of {len(sidecars)} sidecars {what} in time ({seen})",
                hint="the sidecars' logs say why; `chaosmesh doctor` checks what they need",
            ) from None

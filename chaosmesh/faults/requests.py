"""What all faults on requests share: the callee's sidecar draws its victims per attempt, from a seed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

from chaosmesh.errors import UsageError
from chaosmesh.faults.base import AttemptSeen, Dose, Site
from chaosmesh.faults.units import share as checked_share
from chaosmesh.mesh import RequestFault


@dataclass(frozen=True, slots=True)
class OnRequests(ABC):
    """Base: which requests of an edge are meant. Nothing written means all.

    `workload` is one node behind the service, `replica` one copy; `path` the whole path without its query, `prefix`
    its beginning, `headers` (name, exact value) must all be there as they arrive at the callee.
    """

    id: str
    edge: tuple[str, str]
    _: KW_ONLY
    replica: int | None = None
    path: str = ""
    prefix: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    @property
    @abstractmethod
    def kind(self) -> str:
        """The fault's word."""

    @property
    @abstractmethod
    def what(self) -> Mapping[str, Any]:
        """What is done to a victim, in the words of `RequestFault`."""

    @property
    @abstractmethod
    def drawn(self) -> tuple[float, int, str | None]:
        """Share, seed, and the node behind the service if it is one alone."""

    @property
    def some(self) -> bool:
        """Whether only some requests of the edge are meant, so that the ledger can't tell which of the others."""
        return bool(self.path or self.prefix or self.headers)

    @property
    def size(self) -> Mapping[str, Any]:
        """What is done to which share, the seed, and what narrows it."""
        share, seed, workload = self.drawn
        said = {"workload": workload, "replica": self.replica}
        texts = {"path": self.path, "prefix": self.prefix}
        texts["headers"] = ", ".join(f"{name}: {value}" for name, value in self.headers)
        return {
            **self.what,
            "share": share,
            "seed": seed,
            **{name: value for name, value in said.items() if value is not None},
            **{name: value for name, value in texts.items() if value},
        }

    async def apply(self, site: Site) -> None:
        """One route push to the callees."""
        share, seed, workload = self.drawn
        await site.inject(
            RequestFault(
                self.id,
                *self.edge,
                share,
                seed,
                workload=workload,
                replica=self.replica,
                path=self.path,
                prefix=self.prefix,
                headers=self.headers,
                **self.what,
            )
        )

    async def heal(self, site: Site) -> None:
        """One route push back."""
        await site.withdraw(self.id)

    def dose(self, attempts: Sequence[AttemptSeen]) -> Dose:
        """Victims are marked in the callee's access log."""
        mine = [one for one in attempts if self.replica is None or one.replica == self.replica]
        hit = sum(self.id in one.victim.split(",") for one in mine)
        evidence = "only some requests are meant" if self.some else ""
        return Dose(len(mine), hit, 0.0 if self.some else self.drawn[0], evidence=evidence)


def checked(word: str, fault: OnRequests, hint: str) -> None:
    """UsageError for a share that is none, and for conditions that nothing can meet."""
    checked_share(fault.drawn[0], word, hint)
    for name, value in (("path", fault.path), ("prefix", fault.prefix)):
        if value and not value.startswith("/"):
            raise UsageError(f"{word}: {name} must begin with a slash (got {value!r})", hint=f'{name}="/x"')
    if fault.path and fault.prefix and not fault.path.startswith(fault.prefix):
        raise UsageError(
            f"{word}: no request has the path {fault.path} and begins with {fault.prefix}",
            hint="write path= or prefix=, not both",
        )
    if "?" in fault.path:
        raise UsageError(
            f"{word}: path is compared without the query", hint=f'path="{fault.path.partition("?")[0]}"'
        )
    for name, _ in fault.headers:
        if not name or name.lower().startswith(("x-chaosmesh-", "x-envoy-")):
            raise UsageError(
                f"{word}: {name!r} is no header of an application", hint='headers={"x-user": "beta"}'
            )

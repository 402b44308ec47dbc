"""The whole edge is down: open connections end, new ones are refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chaosmesh.faults.base import AttemptSeen, Dose, Site

LOST = frozenset({"UF", "UC", "UH", "LR", "UR"})
"""Envoy's flags of an attempt whose connection could not be made, broke, or had no host."""


@dataclass(frozen=True, slots=True)
class Down:
    """Every proxy of the edge is disabled."""

    id: str
    edge: tuple[str, str]
    kind: str = "down"

    @property
    def size(self) -> Mapping[str, Any]:
        """Nothing to measure out."""
        return {}

    async def apply(self, site: Site) -> None:
        """Disable the proxies."""
        for proxy in site.edge_proxies(*self.edge):
            await site.cut(self.id, proxy)

    async def heal(self, site: Site) -> None:
        """Enable them."""
        for proxy in site.edge_proxies(*self.edge):
            await site.uncut(self.id, proxy)

    def dose(self, attempts: Sequence[AttemptSeen]) -> Dose:
        """By Envoy's flags of the attempts."""
        return Dose(len(attempts), sum(bool(LOST & set(a.flags)) for a in attempts), 1.0)

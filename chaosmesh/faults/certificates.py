"""A node shows a certificate that is not right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, get_args

from chaosmesh.errors import UsageError
from chaosmesh.faults.acts import Act
from chaosmesh.faults.grip import ControlActs, Flaw


@dataclass(frozen=True, slots=True, kw_only=True)
class BadCertificate(Act):
    """Expired, for another name, or by an authority that nobody believes. Whoever verifies refuses new connections;
    old ones are cut. Whoever does not verify is not hit."""

    flaw: Flaw
    kind: ClassVar[str] = "certificate"

    def __post_init__(self) -> None:
        if self.flaw not in get_args(Flaw):
            raise UsageError(
                f"certificate: {self.flaw!r} is none of its flaws",
                hint=f"one of: {', '.join(get_args(Flaw))}",
            )

    @property
    def values(self) -> Mapping[str, Any]:
        """What is wrong with it."""
        return {"flaw": self.flaw}

    async def apply(self, site: ControlActs) -> None:
        """Returns when it is shown and old connections are cut."""
        await site.show_flawed(self.id, self.node, self.flaw, self.evidence)

    async def heal(self, site: ControlActs) -> None:
        """Returns when the right one is shown."""
        await site.show_right(self.id)

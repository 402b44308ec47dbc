"""Names stop resolving in a replica."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chaosmesh.faults.containers import OnContainer


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsFailure(OnContainer):
    """No name of a virtual service is known in its pod, and every question to a DNS server is refused at once. What a
    program has resolved before, and connections that are open, go on."""

    kind: ClassVar[str] = "dns"

"""TLS handshakes that sidecars refused, by their own counters."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from chaosmesh.envoy import names
from chaosmesh.mesh import Replica
from chaosmesh.runtime import probe
from chaosmesh.runtime.acts import ASK_DEADLINE

COUNTERS = "ssl%5C.(fail_verify|connection_error)"


@dataclass(frozen=True, slots=True)
class Refusals:
    """`verified`: handshakes that a sidecar refused for the other side's certificate; `broken`: those that the
    other side ended. A refusal between two sidecars is counted by both, one as this and one as that."""

    verified: int = 0
    broken: int = 0

    def since(self, began: Refusals) -> int:
        """Handshakes refused since then. What users refuse, only the sidecar that they call can tell."""
        return max(self.verified - began.verified, self.broken - began.broken, 0)


async def refusals(replicas: Iterable[Replica]) -> Refusals:
    """Of these sidecars together. OSError, TimeoutError or ValueError where one does not answer."""
    found = await asyncio.gather(*(_of(one) for one in replicas))
    return Refusals(sum(one.verified for one in found), sum(one.broken for one in found))


async def _of(replica: Replica) -> Refusals:
    path = f"/stats?usedonly&filter={COUNTERS}"
    status, body = await probe.request("GET", replica.sidecar, names.ADMIN_PORT, path, within=ASK_DEADLINE)
    if status != 200:
        raise ValueError(f"{replica.key}: its statistics answer {status}")
    counts = [line.rpartition(": ") for line in body.decode().splitlines() if ": " in line]
    return Refusals(
        sum(int(count) for name, _, count in counts if "fail_verify" in name),
        sum(int(count) for name, _, count in counts if "connection_error" in name),
    )

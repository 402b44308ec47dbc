"""What is outside a mesh, each behind a Toxiproxy proxy of its own: places, names and environments. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from chaosmesh.errors import UsageError, Where
from chaosmesh.runtime.toxiproxy import ProxySpec

DOORS, HOMES = 1, 2
"""Third octet of the addresses at which workloads find them, and at which containers of them run."""
MOST = 254


@dataclass(frozen=True, slots=True)
class Outside:
    """One of them: at `host`:`port`, or a container of `image` that listens on `port`. `door` is the address where
    its proxy listens, on the same port, and `home` that of its container."""

    name: str
    port: int
    door: str
    home: str
    host: str = ""
    image: str = ""
    env: Mapping[str, str] = field(default_factory=dict, hash=False)
    where: Where | None = None

    @property
    def proxy(self) -> str:
        """Name of its proxy."""
        return proxy_of(self.name)

    @property
    def here(self) -> bool:
        """Whether it is on this machine's loopback."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def foreign(self) -> bool:
        """Whether it is neither on this machine's loopback nor a container of the run."""
        return not self.image and not self.here

    def behind(self, upstream: str) -> ProxySpec:
        """Its proxy in front of where it really is."""
        return ProxySpec(self.proxy, f"{self.door}:{self.port}", upstream)


def proxy_of(name: str) -> str:
    """Name of the proxy of an external."""
    return f"external>{name}"


def placed(found: Iterable[Outside], subnet: str) -> tuple[Outside, ...]:
    """The same ones with addresses of a run. UsageError for more than there is room for."""
    known = tuple(found)
    if len(known) > MOST:
        raise UsageError(f"externals: {len(known)} are too many", hint=f"at most {MOST}")
    return tuple(
        replace(one, door=f"{subnet}.{DOORS}.{number}", home=f"{subnet}.{HOMES}.{number}")
        for number, one in enumerate(known, 1)
    )


def environment(found: Sequence[Outside], *, named: bool) -> dict[str, str]:
    """`<NAME>_HOST` and `<NAME>_PORT` of each; the host is its name where names lead to it, else an address."""
    made: dict[str, str] = {}
    for one in found:
        word = re.sub(r"\W", "_", one.name).upper()
        made |= {f"{word}_HOST": one.name if named else one.door, f"{word}_PORT": str(one.port)}
    return made

"""Leases 127.R.0.0/16 for one run, so that runs at the same time never meet."""

from __future__ import annotations

import random
import socket
from types import TracebackType

from chaosmesh.errors import EnvironmentFailedError

FIRST, LAST = 16, 250


class Subnet:
    """A held subnet; `name` is "127.R". The kernel frees it when the process ends, however it ends."""

    def __init__(self, name: str, holder: socket.socket) -> None:
        self.name = name
        self._holder = holder

    def close(self) -> None:
        """Frees the subnet for the next run."""
        self._holder.close()

    def __enter__(self) -> Subnet:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def lease_subnet() -> Subnet:
    """A subnet that no other run on this machine holds; close it to give it back.

    The lease is an abstract unix socket: it is gone with its owner, so nothing stale can stay behind.
    Raises EnvironmentFailedError when all are held.
    """
    numbers = list(range(FIRST, LAST + 1))
    random.SystemRandom().shuffle(numbers)
    for number in numbers:
        holder = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            holder.bind(f"\0chaosmesh-127.{number}")
        except OSError:
            holder.close()
            continue
        return Subnet(f"127.{number}", holder)
    raise EnvironmentFailedError(
        f"all {len(numbers)} subnets 127.{FIRST} to 127.{LAST} are held by other runs",
        hint="end other runs; `chaosmesh clean` removes what killed runs left",
    )

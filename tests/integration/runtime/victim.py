"""A run to be killed: a keeper, Toxiproxy, stand-ins and a leased toxic. Arguments: run, subnet, folder.

Prints "faulted" when all of it is up and the toxic is in force, then keeps restarting a stand-in.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from chaosmesh.runtime import Keeper, probe
from chaosmesh.runtime.toxiproxy import ProxySpec, ToxiproxyClient, require
from chaosmesh.services.config import StandIn

LEASE = 1.0  # seconds; the owner below never renews it


async def main(run: str, subnet: str, folder: Path) -> None:
    keeper = await Keeper.start(run, folder)
    api = f"{subnet}.0.1"
    argv = [str(require()), "-host", api, "-port", "8474"]
    await keeper.spawn("toxiproxy", argv, log=folder / "toxiproxy.log")
    # a child that has a child of its own, and a daemon that has left its group
    await keeper.spawn("family", ["/bin/sh", "-c", "setsid -f sleep 1000; sleep 1000 & wait"])
    app = StandIn("a", listen=((f"{subnet}.32.1", 8080, "http"),))
    await keeper.fork_standin("a", app)
    await probe.until("api", lambda: probe.answers(api, 8474, "/version", status=200), within=30)
    client = ToxiproxyClient(api, 8474)
    await client.populate([ProxySpec("x>a.0:8080", f"{subnet}.64.1:8080", f"{subnet}.32.1:8080")])
    await keeper.lease("slow", [client.heal_toxic("x>a.0:8080", "slow")], LEASE)
    await client.toxic("x>a.0:8080", "latency", "downstream", {"latency": 100}, "slow")
    print("faulted", flush=True)
    while True:
        await keeper.stop("a")
        await keeper.fork_standin("a", app)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))

"""A run to be killed: a keeper, Toxiproxy, stand-ins, and leased faults: a toxic, a process that is stopped, a
capacity that is cut, a busy neighbour. Arguments: run, subnet, folder.

Prints "faulted" when all of it is up and in force, then keeps restarting a stand-in.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from chaosmesh.runtime import Heal, Keeper, probe
from chaosmesh.runtime.acts import CONFIG_PATH, TOKEN_HEADER
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
    await faults_of_processes(keeper, subnet)
    print("faulted", flush=True)
    while True:
        await keeper.stop("a")
        await keeper.fork_standin("a", app)


async def faults_of_processes(keeper: Keeper, subnet: str) -> None:
    """What `Hang`, `Overload` and `BusyNeighbour` do."""
    hung = await keeper.fork_standin("hung", StandIn("hung"))
    await keeper.lease("hung", [Heal.kill(hung, signal.SIGCONT)], LEASE)
    await keeper.signal("hung", signal.SIGSTOP)

    host = f"{subnet}.32.2"
    slow = StandIn("slow", listen=((host, 8080, "http"),), capacity=5, token="token")
    await keeper.fork_standin("slow", slow)
    token = {TOKEN_HEADER: "token"}
    await probe.until(
        "slow", lambda: probe.answers(host, 8080, CONFIG_PATH, status=200, headers=token), within=30
    )
    heal = Heal.http("PUT", host, 8080, CONFIG_PATH, '{"capacity": null}', headers=token)
    await keeper.lease("capacity", [heal], LEASE)

    busy = await keeper.spawn("busy", [sys.executable, "-P", "-m", "chaosmesh.runtime.neighbour", "600"])
    await keeper.lease("busy", [Heal.kill(busy, signal.SIGKILL)], LEASE)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))

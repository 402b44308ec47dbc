"""An overloaded mesh with one sidecar that may have few connections: what it says, a line each.

Run as a program, under a hard limit of open files (`prlimit --nofile=N:N`), with the folder of the run.
"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
import time
from pathlib import Path

from chaosmesh.documents.scenario import load_scenario
from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.stack import Stack
from chaosmesh.load import RequestSpec
from chaosmesh.runtime import probe
from tests import meshes

MESH = meshes.mesh(
    [meshes.workload("front", "leaf"), meshes.workload("leaf")],
    [meshes.service("leaf", meshes.route("leaf", "all", {"leaf": 1}))],
)
SCENARIO = "workloads: {leaf: {capacity: 1}}\n"
FEW = 150


def say(text: str) -> None:
    """At once: the reader wants to know in which order it was."""
    print(text, flush=True)


async def main(folder: Path) -> None:
    """Until the sidecar has no descriptor left, and then crashes."""
    file = folder / "chaosmesh.yaml"
    file.write_text(SCENARIO)
    async with Stack(MESH, load_scenario(file), RunFolder.create(folder, "files"), say=say) as stack:
        pid = stack.runtime.pid(stack.topology.replicas_of("front")[0], "sidecar")
        begin = time.monotonic()
        url = stack.entry_url("front")
        running = await stack.begin("users", url, "front", [RequestSpec()], 100, duration=30.0, patience=60.0)
        say("load begins")
        say(f"measured: {stack.fallen(begin)}")
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (FEW, FEW))

        async def short() -> str:
            return "" if stack.fallen(begin) else "what is measured counts"

        await probe.until("it has none left", short, within=60)
        say(f"measured: {stack.fallen(begin)}")
        os.kill(pid, signal.SIGSEGV)

        async def fallen() -> str:
            return "" if stack.falls.all else "every part runs"

        await probe.until("its end is told", fallen, within=60)
        running.stop()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))

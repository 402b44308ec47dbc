"""A run in containers seen from outside: the engine's labels, this machine's processes and routes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docker import DockerClient

from .. import outside

RUN, OWNER, PART = "chaosmesh", "chaosmesh.owner", "chaosmesh.part"
ROUTES = Path("/proc/net/route")


def things(engine: DockerClient, run: str = "") -> list[tuple[str, dict[str, str]]]:
    """Every container, network and volume of a run (of any), as (name, labels)."""
    wanted = {"label": f"{RUN}={run}" if run else RUN}
    listed: list[dict[str, Any]] = [
        *engine.api.containers(all=True, filters=wanted),
        *engine.api.networks(filters=wanted),
        *(engine.api.volumes(filters=wanted)["Volumes"] or ()),
    ]
    return [(str(one.get("Name") or one["Names"][0]), one["Labels"]) for one in listed]


def runs_of(engine: DockerClient, main: int) -> set[str]:
    """The runs that a process owns something for."""
    return {labels[RUN] for _, labels in things(engine) if labels.get(OWNER, "").startswith(f"{main}:")}


def parts(engine: DockerClient, run: str) -> set[str]:
    """Parts of a run whose containers run."""
    found = engine.api.containers(filters={"label": f"{RUN}={run}"})
    return {one["Labels"][PART] for one in found}


def subnet(engine: DockerClient, run: str) -> str:
    """The first two numbers of the addresses of a run; "" once it has no network."""
    for one in engine.api.networks(filters={"label": f"{RUN}={run}"}):
        return ".".join(one["IPAM"]["Config"][0]["Subnet"].split(".")[:2])
    return ""


def routed(first_two: str) -> bool:
    """Whether this machine has a route to 10.R.0.0/16."""
    one, two = map(int, first_two.split("."))
    return f"\t{bytes([0, 0, two, one]).hex().upper()}\t" in ROUTES.read_text()


def reaper_of(run: str) -> int | None:
    """The process that waits for the end of a run to clean up after it."""
    for entry in Path("/proc").iterdir():
        line = outside.command_line(int(entry.name)) if entry.name.isdigit() else ""
        if "runtime.docker.reaper" in line and line.split()[-1] == run:
            return int(entry.name)
    return None

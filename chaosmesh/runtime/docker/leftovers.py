"""What of a run is in the engine, by its label, and how it is removed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaosmesh.runtime import procs
from chaosmesh.runtime.docker.labels import OWNER, RUN

if TYPE_CHECKING:
    from docker.client import DockerClient

AT_ONCE = 8
"""Removals that the engine gets side by side: more only wait for each other in it."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A container, network or volume of a run."""

    run: str
    owner: str
    kind: str
    name: str
    thing: Any

    def remove(self) -> None:
        """Takes it away by force; fine where somebody else was faster."""
        from docker.errors import APIError

        with contextlib.suppress(APIError):  # the next look tells what is still there
            if self.kind == "container":
                self.thing.remove(force=True, v=True)
            elif self.kind == "network":
                _empty(self.thing)
                self.thing.remove()
            else:
                self.thing.remove(force=True)


def _empty(network: Any) -> None:
    """Containers that aren't of the run were guests of its network: they leave it, and go on."""
    network.reload()
    for one, told in (network.attrs.get("Containers") or {}).items():
        if not told.get("Name", "").startswith("chaosmesh-"):
            network.disconnect(one, force=True)


def of(client: DockerClient, run: str | None = None) -> list[Trace]:
    """Everything that carries the label of `run`, or of any run; containers first, for they hold the rest."""
    wanted = {"label": RUN if run is None else f"{RUN}={run}"}
    return [
        *_traces("container", client.containers.list(all=True, filters=wanted, ignore_removed=True)),
        *_traces("network", client.networks.list(filters=wanted)),
        *_traces("volume", client.volumes.list(filters=wanted)),
    ]


def abandoned(client: DockerClient) -> list[Trace]:
    """What runs left whose owner is gone."""
    return [one for one in of(client) if not procs.alive(one.owner)]


def remove(found: list[Trace]) -> None:
    """Takes all of it away: containers side by side, then what they were in."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(Trace.remove, [one for one in found if one.kind == "container"]))
    for one in found:
        if one.kind != "container":
            one.remove()


def _traces(kind: str, things: list[Any]) -> Iterator[Trace]:
    for one in things:
        attrs = one.attrs
        labels = (attrs.get("Config") or attrs).get("Labels") or attrs.get("Labels") or {}
        yield Trace(labels.get(RUN, ""), labels.get(OWNER, ""), kind, one.name, one)

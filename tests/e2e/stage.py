"""A running mesh for the tests of one module, and load on one of its edges."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from chaosmesh.appmesh import Resources
from chaosmesh.appmesh.translate import translate
from chaosmesh.documents.scenario import Scenario, load_scenario
from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.host import Watch
from chaosmesh.engine.stack import Stack
from chaosmesh.ledger import Call, Request
from chaosmesh.load import RequestSpec
from chaosmesh.mesh import Mesh

T = TypeVar("T")

TRIES = 3
"""How often a test begins anew, and only because the host starved or the generator was late."""


@dataclass(frozen=True)
class Stage:
    """A mesh that runs; `run` takes coroutines to its loop."""

    stack: Stack
    runner: asyncio.Runner

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    def apply(self, mesh: Mesh) -> None:
        self.run(self.stack.apply(mesh))


@dataclass(frozen=True)
class Sent:
    """What became of a stream: `starved` says why nothing that depends on time can be told from it."""

    stream: int
    requests: Sequence[Request]
    calls: Sequence[Call]
    starved: str | None

    @property
    def statuses(self) -> list[int]:
        return [one.status for one in self.requests]

    @property
    def ok(self) -> float:
        return sum(status == 200 for status in self.statuses) / len(self.statuses)


def fair(make: Callable[[], T], starved: Callable[[T], str | None]) -> T:
    """What was made on a host that gave it the time it needs: where it did not, nothing can be told."""
    for _ in range(TRIES):
        made = make()
        reason = starved(made)
        if reason is None:
            return made
    pytest.skip(f"the host was too busy in each of {TRIES} tries: {reason}")


def excuse(text: str) -> str | None:
    """What a command says of a host that had no time for it; nothing where it blames anything else."""
    found = re.search(r"the (host (starved|was crowded)|generator)[^;\"\n]*", text)
    return found and found[0]


@contextmanager
def stage(
    mesh: Mesh, folder: Path, scenario: Scenario | None = None, *, load: bool = True
) -> Iterator[Stage]:
    """Starts the mesh, without `load` no generator beside it; everything of it is gone at the end."""
    with asyncio.Runner() as runner:
        stack = Stack(mesh, scenario or load_scenario(None), RunFolder.create(folder, "stage"), load=load)
        runner.run(stack.__aenter__())
        try:
            yield Stage(stack, runner)
        finally:
            runner.run(stack.__aexit__())


def policy(resources: Resources, profile: str = "appmesh") -> Mesh:
    return translate(resources, profile)


async def send(
    stack: Stack,
    client: str,
    service: str,
    *,
    count: int,
    rate: float,
    standin: str = "",
    path: str = "/",
    request: RequestSpec | None = None,
    entry: bool = False,
    patience: float = 30.0,
    bound_ms: float | None = None,
) -> Sent:
    """`count` calls that the client's application makes (`entry`: requests that users send to the client).

    `request` is what is asked for in another way than by a GET of `path`. `bound_ms` is the tightest bound on latency that the test cares for: by it the generator is called late.
    """
    watch = await Watch.start(stack.keeper)
    headers = (("x-standin", standin),) if standin else ()
    url = stack.entry_url(client) if entry else stack.egress_url(client, service)
    running = await stack.begin(
        f"{client}>{service}",
        url,
        client if entry else service,
        [request or RequestSpec("GET", path, headers)],
        rate,
        count=count,
        patience=patience,
    )
    report = await running.done()
    await stack.settled([running.stream.id], 60)
    stream = running.stream.id
    late = report.late(bound_ms) or await watch.starved()
    return Sent(stream, stack.ledger.requests(stream), stack.ledger.calls(stream, client, service), late)

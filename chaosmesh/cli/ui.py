"""`chaosmesh up --ui`: Locust's web UI, and the door where its processes come in."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chaosmesh.errors import UsageError

if TYPE_CHECKING:
    from chaosmesh.documents.scenario import Scenario
    from chaosmesh.engine.stack import Stack
    from chaosmesh.engine.tower.tower import Tower
    from chaosmesh.engine.tower.traffic import Traffic
    from chaosmesh.web.locusts import Locusts

LOOPBACK = "127.0.0.1"
MOST_WORKERS = 64
_SPAWN_S = 2.0
"""Seconds in which the form's users come by default."""
_QUICKEST = 100.0
"""Users a second from which on Locust warns."""


@dataclass(frozen=True, slots=True)
class UiOptions:
    """What the command line says of the web UI. `joined`: pid of a Locust that somebody else runs, and that the mesh
    ends with."""

    ui: bool
    port: int | None
    locustfile: Path | None
    workers: int | None
    joined: int | None

    @property
    def wanted(self) -> bool:
        """Whether there is a tower at all."""
        return self.ui or self.joined is not None

    def checked(self) -> UiOptions:
        """UsageError for what can't be, before anything starts."""
        from chaosmesh.load.reading import check_locustfile

        given = {"--ui-port": self.port, "--locustfile": self.locustfile, "--workers": self.workers}
        if not self.ui and (odd := [name for name, value in given.items() if value is not None]):
            raise UsageError(f"{', '.join(odd)} is about Locust's web UI", hint="add --ui")
        if self.port is not None:
            _check_free(self.port)
        if self.locustfile is not None:
            check_locustfile(self.locustfile)
        return self


def ui_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of the web UI."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


_OPTIONS = (
    click.option("--ui", is_flag=True, help="Locust's web UI with the mesh in it, and the control tower."),
    click.option(
        "--ui-port",
        "port",
        type=click.IntRange(1, 65535),
        metavar="N",
        help="Port of the web UI (default: a free one).",
    ),
    click.option(
        "--locustfile",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Your own Locust users in the web UI (default: passengers, who ask by the clock).",
    ),
    click.option(
        "--workers",
        type=click.IntRange(1, MOST_WORKERS),
        metavar="N",
        help="Locust processes that send (default: load.workers of the scenario).",
    ),
    click.option("--joined-by", "joined", type=int, hidden=True),
)


@dataclass(frozen=True, slots=True)
class Web:
    """What there is to look at: `told` goes into the line of addresses; `ends` are what the mesh ends with; `refused` gets
    why a saved document was not taken."""

    told: Mapping[str, str]
    ends: Sequence[Coroutine[Any, Any, None]] = ()
    refused: Callable[[str], None] = lambda _: None


async def opened(
    end: AsyncExitStack,
    stack: Stack,
    scenario: Scenario,
    options: UiOptions,
    say: Callable[[str], None],
    tower_of: Callable[[Traffic], Tower],
) -> Web:
    """Starts what the options ask for; all of it answers when this returns."""
    from chaosmesh.engine.tower.traffic import Traffic
    from chaosmesh.load.door import Door
    from chaosmesh.runtime import workdir
    from chaosmesh.web.server import serve

    if not options.wanted:
        return Web({})
    door = Door(workdir(stack.run) / "door")
    traffic = Traffic(stack, scenario, door)
    traffic.note = say
    await door.start()
    end.push_async_callback(door.close)
    tower = tower_of(traffic)
    await tower.start()
    end.push_async_callback(tower.close)
    site = await serve(tower)
    end.push_async_callback(site.close)

    def refused(text: str) -> None:
        tower.story.add("policy", f"saved and not taken, the policy before stays in force: {text}")

    if options.joined is not None:
        told = {"door": str(door.path), "tower": site.url}
        return Web(told, (_until_gone(options.joined),), refused)
    locusts = await _locusts(end, stack, scenario, options, traffic, site.url, say)
    tower.locust = locusts.url
    return Web({"ui": locusts.url, "tower": site.url}, (_until_lost(locusts),), refused)


async def first_of(*waits: Coroutine[Any, Any, Any]) -> None:
    """Returns, or raises, with the first of them; the others are cancelled."""
    tasks = [asyncio.ensure_future(one) for one in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            one.result()
    finally:
        for one in tasks:
            one.cancel()


async def _locusts(
    end: AsyncExitStack,
    stack: Stack,
    scenario: Scenario,
    options: UiOptions,
    traffic: Traffic,
    tower: str,
    say: Callable[[str], None],
) -> Locusts:
    from chaosmesh.web.locusts import Locusts, Setup

    setup = Setup(
        host=next(iter(traffic.entries), ""),
        port=options.port or _free_port(),
        tower=tower,
        workers=options.workers or scenario.load.workers,
        locustfile=options.locustfile,
        **_form(scenario, passengers=options.locustfile is None),
    )
    locusts = Locusts(traffic.door, _spawner(stack), stack.folder.logs, setup)
    locusts.on_lost = say
    end.push_async_callback(locusts.close)
    await stack.keeper.guarded(locusts.start())
    return locusts


async def _until_lost(locusts: Locusts) -> None:
    raise await locusts.lost


async def _until_gone(pid: int) -> None:
    """Returns when a process has ended."""
    from chaosmesh.load.child import Child

    try:
        child = Child(pid, lambda _: None)
    except ProcessLookupError:
        return
    await child.ended.wait()


def _form(scenario: Scenario, *, passengers: bool) -> Mapping[str, Any]:
    """What the form begins with: so many passengers that they ask at the scenario's rate, or the file's own users."""
    load = scenario.load
    if not passengers:
        return {"users": load.users, "spawn_rate": load.spawn_rate}
    if load.rate is None:
        return {}
    users = max(1, round(load.rate))
    return {
        "users": users,
        "spawn_rate": min(_QUICKEST, max(1.0, users / _SPAWN_S)),
        "each": load.rate / users,
    }


def _spawner(stack: Stack) -> Callable[..., Awaitable[int]]:
    async def spawn(name: str, argv: Any, env: Mapping[str, str], log: Path) -> int:
        return await stack.keeper.spawn(name, argv, env=env, log=log)

    return spawn


def _check_free(port: int) -> None:
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((LOOPBACK, port))
        except OSError as error:
            raise UsageError(
                f"--ui-port {port}: {error.strerror}", hint="another port, or none for a free one"
            ) from None


def _free_port() -> int:
    with socket.socket() as one:
        one.bind((LOOPBACK, 0))
        port: int = one.getsockname()[1]
        return port

"""`chaosmesh up`."""

from __future__ import annotations

import asyncio
import functools
import json
import signal
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chaosmesh.cli.inputs import Inputs, with_inputs
from chaosmesh.cli.options import (
    json_option,
    profile_option,
    runs_option,
    runtime_option,
    traces_option,
    write_text,
)
from chaosmesh.cli.scraping import prometheus_option, scraped
from chaosmesh.cli.ui import UiOptions, Web, first_of, opened, ui_options
from chaosmesh.cli.watching import Watched
from chaosmesh.errors import ChaosMeshError, DocumentError, ExitCode

if TYPE_CHECKING:
    from chaosmesh.appmesh.api import Service
    from chaosmesh.engine.stack import Stack
    from chaosmesh.engine.tower.tower import Tower
    from chaosmesh.engine.tower.traffic import Traffic
    from chaosmesh.engine.traces import Choice
    from chaosmesh.runtime.kinds import Kind

MOST_PROBLEMS = 3
"""Of a saved document, on the page; the terminal has all."""

LAST_ROWS = 3.0
"""Seconds for the access logs of the last requests."""


@click.command()
@click.option("--watch", is_flag=True, help="Put a document in force as soon as it is saved.")
@json_option("Write the addresses to a file too (- is stdout, where they are anyway).")
@profile_option
@runtime_option
@traces_option
@runs_option
@prometheus_option
@ui_options
@functools.partial(with_inputs, optional=True)
def up(
    inputs: Inputs,
    profile: str,
    runtime: Kind,
    traces: Choice | None,
    runs: Path,
    watch: bool,
    json_file: str | None,
    prometheus: bool,
    **web: Any,
) -> int:
    """Start the mesh and keep it until Ctrl-C.

    Prints one JSON line: `api` (the App Mesh API of this mesh), `entry` (where users come in), `nodes` (egress,
    ingress and admin of every replica), with --ui also `ui` (Locust's web UI) and `tower` (the page of the mesh); and
    another one whenever a change brings or takes addresses. Without documents the mesh is empty, and grows by calls of
    the API.
    """
    inputs = scraped(inputs, wanted=prometheus)
    options = UiOptions(**web).checked()
    asyncio.run(_up(inputs, profile, runtime, traces, runs, json_file, options, watching=watch))
    return ExitCode.PASS


async def _up(
    inputs: Inputs,
    profile: str,
    runtime: Kind,
    traces: Choice | None,
    runs: Path,
    json_file: str | None,
    options: UiOptions,
    *,
    watching: bool,
) -> None:
    from chaosmesh.appmesh.api import Service, Store, running
    from chaosmesh.engine.accounts import conserved
    from chaosmesh.engine.folder import RunFolder
    from chaosmesh.engine.inputs import policy, sources
    from chaosmesh.engine.programs import own_programs, with_copies
    from chaosmesh.engine.publishing import Publisher
    from chaosmesh.engine.stack import Stack
    from chaosmesh.ledger import Ledger
    from chaosmesh.ledger.passing import Passing

    watched = Watched(sources(inputs.documents, inputs.scenario)) if watching else None
    mesh = policy(inputs.resources, inputs.scenario, profile)
    own = own_programs(inputs.resources, mesh, inputs.scenario, runtime)
    scenario = with_copies(inputs.scenario, own.copies)
    folder = RunFolder.create(runs, inputs.scenario.name or mesh.name)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as end:
        stack = await end.enter_async_context(
            Stack(
                mesh,
                scenario,
                folder,
                load=False,
                say=_say,
                kind=runtime,
                own=own.programs,
                traces=traces,
                ledger=functools.partial(Passing, folder=folder.path) if options.wanted else Ledger,
            )
        )
        store = Store.of(inputs.resources) if inputs.documents else Store()
        # as the API has them, its own additions included: else those would be told as the first change's
        first = running(store.state) if inputs.documents else inputs.resources
        publisher = Publisher(stack, first, scenario, profile, _say)
        api = Service(store, publisher)
        address = await api.start()
        end.push_async_callback(api.stop)

        def tower_of(traffic: Traffic) -> Tower:
            from chaosmesh.engine.tower.export import Origin
            from chaosmesh.engine.tower.tower import Tower

            name = scenario.name or mesh.name
            origin = Origin(name, inputs.documents, profile, scenario.seed, scenario.variables)
            return Tower(stack, api, publisher, scenario, origin, traffic=traffic, api_url=address)

        web = await opened(end, stack, scenario, options, _say, tower_of)
        tell = _Addresses(stack, address, json_file, web)
        tell()
        publisher.published = tell
        for note in (*own.notes, *filter(None, [stack.secrets.note(mesh)])):
            _say(note)
        _say("the mesh is up; Ctrl-C ends it")
        if watched is not None:
            task = asyncio.create_task(_watch(watched, inputs, api, web.refused))
            end.push_async_callback(_ended, task)
        if stack.traces.provider:
            _say(f"every request is traced; at the end: chaosmesh trace {folder.path} REQUEST-ID")
        await stack.keeper.guarded(first_of(stop.wait(), *web.ends))
        if stack.traces.provider and not options.wanted:  # the tower writes it all itself
            await conserved(stack, LAST_ROWS)
            await stack.keep_ledger()
    for text in stack.traces.notes():
        _say(text)
    if options.wanted:
        from chaosmesh.report.html import REPORT, write_report

        write_report(folder.path)
        _say(f"what happened: {folder.path / REPORT}")


class _Addresses:
    """Prints the addresses, and again when they are others."""

    def __init__(self, stack: Stack, api: str, file: str | None, web: Web) -> None:
        self._stack = stack
        self._web = web
        self._api = api
        self._file = None if file == "-" else file
        self._last = ""

    def __call__(self) -> None:
        line = json.dumps({**addresses(self._stack, self._api), **self._web.told})
        if line == self._last:
            return
        self._last = line
        if self._file is not None:
            write_text(self._file, line + "\n")
        click.echo(line)


async def _watch(watched: Watched, inputs: Inputs, api: Service, refused: Callable[[str], None]) -> None:
    from chaosmesh.report.errors import present
    from chaosmesh.report.screen import screen_of

    async def saved() -> None:
        if inputs.again is None:
            return
        try:
            newer = await asyncio.to_thread(inputs.again)
            await api.saved(newer.resources)
        except ChaosMeshError as error:
            _say(present(error, screen_of(sys.stderr)))
            _say("the policy before stays in force")
            refused(_short(error))

    await watched.listen(saved)


def _short(error: ChaosMeshError) -> str:
    """The first problems, without what to do."""
    if not isinstance(error, DocumentError):
        return error.message
    told = [f"{one.where} {one.message}" for one in error.problems[:MOST_PROBLEMS]]
    more = [f"{len(error.problems) - MOST_PROBLEMS} more"] * (len(error.problems) > MOST_PROBLEMS)
    return "; ".join([*told, *more])


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _say(text: str) -> None:
    click.echo(text, err=True)


def addresses(stack: Stack, api: str | None = None) -> dict[str, Any]:
    """`{"api", "entry", "nodes", "ui"}` of a running mesh."""
    from chaosmesh.engine.standins import version_of

    nodes: dict[str, list[dict[str, Any]]] = {}
    for one in stack.topology.replicas:
        ports = [listener.port for listener in stack.mesh.workload(one.node).listeners]
        nodes.setdefault(one.node, []).append(
            {
                "replica": one.index,
                "version": version_of(one.node),
                "egress": f"http://{one.sidecar}:15001",
                "ingress": {str(port): f"http://{one.sidecar}:{port}" for port in ports},
                "admin": f"http://{one.sidecar}:9901",
            }
        )
    entries = [name for name in stack.topology.entries if stack.mesh.workload(name).listeners]
    trusted = {name: str(path) for name in entries if (path := stack.ca_file(name))}
    found = {
        "api": api,
        "entry": {name: stack.entry_url(name) for name in entries},
        "nodes": nodes,
        "ui": None,
    }
    found |= {"prometheus": url} if (url := stack.metrics.url) else {}
    outside = {one.name: f"{one.door}:{one.port}" for one in stack.externals}
    found |= {"externals": outside} if outside else {}
    return {**found, "trusted": trusted} if trusted else found

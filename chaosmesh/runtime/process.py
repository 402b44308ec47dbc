"""The process runtime: real sidecars, stand-ins and Toxiproxy as processes on loopback addresses."""

from __future__ import annotations

import signal
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from chaosmesh.envoy import binary, command
from chaosmesh.mesh import Replica
from chaosmesh.runtime import procs
from chaosmesh.runtime.commands import Command, command_of
from chaosmesh.runtime.drain import HERE
from chaosmesh.runtime.folder import write_secret
from chaosmesh.runtime.hands import State
from chaosmesh.runtime.heal import Heal
from chaosmesh.runtime.keeper_client import Keeper
from chaosmesh.runtime.parts import Part
from chaosmesh.runtime.prometheus import ProcessHands
from chaosmesh.runtime.questions import Questions
from chaosmesh.runtime.runtime import STOP_TIMEOUT, TOXIPROXY_PORT, Runtime
from chaosmesh.runtime.serving import look_of
from chaosmesh.runtime.toxiproxy import METRICS, require
from chaosmesh.runtime.toxiproxy.peers import peers
from chaosmesh.services.program import Program


class ProcessRuntime(Runtime):
    """Every part is a process that the keeper starts and watches."""

    def __init__(self, keeper: Keeper) -> None:
        super().__init__(keeper)
        self._heard = keeper.on_exit
        self._questions = Questions(keeper)
        self._written: dict[str, int] = {}
        keeper.on_exit = self._heard_of

    async def stop(self) -> None:
        """Ends every process of the mesh (the keeper stays) and removes the temporary folder. Safe to call twice."""
        await super().stop()
        self._keeper.on_exit = self._heard

    def tables(self) -> Collection[Path]:
        """This machine's one."""
        return HERE

    def clients(self, servers: Collection[tuple[str, int]]) -> frozenset[tuple[bytes, bytes]]:
        """Of this machine."""
        return peers(servers)

    def prometheus_hands(self, subnet: str) -> ProcessHands:
        """A child of the keeper."""
        return ProcessHands(self._keeper, subnet)

    async def _prepare(self) -> None:
        self._toxiproxy = require()
        binary()

    def _heard_of(self, name: str, pid: int, status: int) -> None:
        self._heard(name, pid, status)
        if not self._questions.ended(name, status):
            self._exited(name, status)

    async def _start_sidecar(self, replica: Replica) -> None:
        path = self._folder / f"{Part('sidecar', replica).name}.json"
        write_secret(path, self._bootstrap(replica, self._socket))
        await self._spawn(Part("sidecar", replica), command(path), {})

    async def _start_toxiproxy(self, host: str) -> None:
        argv = [str(self._toxiproxy), "-host", host, "-port", str(TOXIPROXY_PORT), *METRICS]
        await self._spawn(Part("toxiproxy"), argv, {"LOG_LEVEL": "warn"})

    async def _start_app(self, replica: Replica) -> None:
        part, app = Part("app", replica), self._apps[replica]
        if isinstance(app, Program):
            log = self._log(part)
            self._written[part.name] = log.stat().st_size if log.is_file() else 0
            await self._spawn_command(part, command_of(app, replica, self._topology))
            return
        self._started(part)
        self._pids[part.name] = await self._keeper.fork_standin(part.name, app, log=self._log(part))

    async def _spawn(self, part: Part, argv: Sequence[str], env: Mapping[str, str]) -> None:
        self._started(part)
        self._pids[part.name] = await self._keeper.spawn(part.name, argv, env=env, log=self._log(part))

    async def _spawn_command(self, part: Part, command: Command) -> None:
        self._started(part)
        self._pids[part.name] = await self._keeper.spawn(
            part.name, command.argv, env=command.env, log=self._log(part), folder=command.folder
        )

    async def _serving(self, replica: Replica, program: Program) -> None:
        part = Part("app", replica)
        beside = command_of(program, replica, self._topology)

        async def run(words: tuple[str, ...]) -> int:
            return await self._questions.ask(part.name, replace(beside, argv=words))

        look = look_of(program, replica.app, self._log(part), self._written.get(part.name, 0), run)
        await self._until(part, look, program.ready.within)

    async def _end(self, name: str) -> None:
        await self._keeper.stop(name, STOP_TIMEOUT)

    async def _kill(self, name: str) -> None:
        await self._keeper.signal(name, signal.SIGKILL)

    async def _freeze(self, name: str) -> None:
        await self._keeper.signal(name, signal.SIGSTOP)

    async def _thaw(self, name: str) -> None:
        await self._keeper.signal(name, signal.SIGCONT)

    def _heal_freeze(self, name: str) -> Heal:
        return Heal.kill(self._pids[name], signal.SIGCONT)

    async def _state(self, name: str) -> State:
        try:
            state = procs.state(self._pids[name])
        except OSError:
            return "ended"
        return "ended" if state in "ZX" else "stopped" if state in "Tt" else "runs"

"""Short commands beside a program, asked whether it is ready: run by the keeper, as everything is."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from chaosmesh.errors import EnvironmentFailedError, KeeperLostError
from chaosmesh.runtime.commands import Command
from chaosmesh.runtime.keeper_client import Keeper

PATIENCE = 10.0
"""Seconds that one command may take."""
UNANSWERED, UNSTARTED = 124, 127
"""What a shell says of a command that took too long, and of one that is not there."""


@dataclass(slots=True)
class Questions:
    """The commands under way, by their names in the keeper."""

    keeper: Keeper
    _waiting: dict[str, asyncio.Future[int]] = field(default_factory=dict)

    def ended(self, name: str, status: int) -> bool:
        """Hears of a process that ended; whether it was a command of these."""
        answer = self._waiting.get(name)
        if answer is not None and not answer.done():
            answer.set_result(status)
        return answer is not None

    async def ask(self, part: str, command: Command) -> int:
        """The exit status of a command that is run for a part."""
        name = f"ready-{part}"
        answer = self._waiting[name] = asyncio.get_running_loop().create_future()
        log = self.keeper.folder / "logs" / f"{name}.log"
        try:
            await self.keeper.spawn(name, command.argv, env=command.env, log=log, folder=command.folder)
            return await asyncio.wait_for(asyncio.shield(answer), PATIENCE)
        except TimeoutError:
            await self.keeper.stop(name, 1.0)
            return UNANSWERED
        except KeeperLostError:
            raise
        except EnvironmentFailedError:
            return UNSTARTED
        finally:
            self._waiting.pop(name, None)

"""A gate, run: one part after another, each with its share of the error budget and of the time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.gate.part import Part, Say, Turn, broken, not_begun
from chaosmesh.engine.gate.plan import Planned, parts_named
from chaosmesh.engine.gate.result import GateResult, PartResult
from chaosmesh.engine.options import Options
from chaosmesh.errors import ChaosMeshError, ExitCode, first_of

INTERRUPTED = "interrupted: everything is healed and stopped"

Heard = Callable[[PartResult], None]


@dataclass(frozen=True, slots=True)
class GateRun:
    """A planned gate. `tolerant`: what stays undecided passes; `budget`: seconds for all of it."""

    planned: Planned
    options: Options
    seed: int
    tolerant: bool
    budget: float | None

    def run(self, folder: RunFolder, say: Say, heard: Heard) -> GateResult:
        """Run every part; `say` gets lines of progress, `heard` each part's result as soon as it is there. After Ctrl-C
        what runs is healed and stopped, and the rest is told as not begun."""
        begin = time.monotonic()
        until = None if self.budget is None else begin + self.budget
        results, interrupted = list[PartResult](), False
        for part, name in zip(self.planned.parts, parts_named(self.planned.parts), strict=True):
            turn = Turn(folder.path, folder.path / "parts" / name, self.planned.shares, say, until)
            if interrupted:
                result = not_begun(part, turn, INTERRUPTED)
            else:
                result = self._one(part, turn)
                interrupted = result.code is ExitCode.INTERRUPTED
            results.append(result)
            heard(result)
        return GateResult(
            self.planned.name,
            tuple(results),
            self.seed,
            self.options.runtime,
            self.options.profile,
            time.monotonic() - begin,
            self.tolerant,
            interrupted,
        )

    def _one(self, part: Part, turn: Turn) -> PartResult:
        begin = time.monotonic()
        if not turn.has(part.least):
            return not_begun(part, turn)
        try:
            return part.run(turn)
        except KeyboardInterrupt:
            return replace(not_begun(part, turn, INTERRUPTED), code=ExitCode.INTERRUPTED)
        except ChaosMeshError as error:
            return broken(part, turn, error, begin)
        except BaseExceptionGroup as group:
            ours = first_of(group)
            if group.subgroup(KeyboardInterrupt):
                return replace(not_begun(part, turn, INTERRUPTED), code=ExitCode.INTERRUPTED)
            if isinstance(ours, ChaosMeshError):
                return broken(part, turn, ours, begin)
            raise

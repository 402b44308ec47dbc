"""A verification as a part of a gate: of the gate's own scenario, or of another folder's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from chaosmesh.appmesh import Resources
from chaosmesh.documents.gate_part import GateVerify
from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine import matrix
from chaosmesh.engine.events import Event, Listener, Note, RunFinished
from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.gate.part import Turn, reason_of
from chaosmesh.engine.gate.result import Item, Kind, PartResult
from chaosmesh.engine.options import Options
from chaosmesh.engine.results import CellResult, VerifyResult
from chaosmesh.engine.summary import write_summary
from chaosmesh.engine.verify import QUICK_S, Verification
from chaosmesh.errors import ExitCode
from chaosmesh.judge import Verdict, worst

START_S = 3.0
"""Seconds that a mesh takes to start and to stop."""

Watch = Callable[[RunFolder], "Watching"]
"""Who writes the files of a verification: a listener for a run folder, closed at the end."""


@dataclass(frozen=True, slots=True)
class Watching:
    """A listener and what ends it."""

    hear: Listener
    close: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Subject:
    """What is verified: read and checked already."""

    resources: Resources
    scenario: Scenario


class Verifying:
    """`gate.verify`, or one of `gate.scenarios`."""

    def __init__(
        self, kind: Kind, subject: Subject, choice: GateVerify, options: Options, watch: Watch
    ) -> None:
        self.kind: Kind = kind
        self._subject = subject
        self._options = replace(
            options, only=choice.only, strict=choice.strict, quick=choice.quick, cure=not choice.quick
        )
        self._draft = Verification(subject.resources, subject.scenario, self._options)
        self._watch = watch
        self.name = self._draft.name
        self.claims = self._draft.claims
        self.least = START_S + max((one.seconds for one in self._draft.plan.checks), default=0.0)

    def names(self) -> Sequence[str]:
        """Every rule and cell."""
        checks = [one.id for one in self._draft.plan.checks]
        return [*checks, *(matrix.cell_id(*one) for one in self._draft.cells)]

    def run(self, turn: Turn) -> PartResult:
        """Verify; rules are tried whatever the time is, cells as far as it goes."""
        begin, left = time.monotonic(), turn.left
        quick = self._options.quick and (left is None or left > QUICK_S)
        options = replace(
            self._options, beside=turn.shares.claims - self.claims, budget_s=QUICK_S if quick else left
        )
        verification = Verification(self._subject.resources, self._subject.scenario, options)
        folder = RunFolder.create(turn.folder, verification.name)
        verification.keep_documents(folder)
        watching = self._watch(folder)

        def hear(event: Event) -> None:
            watching.hear(event)
            if isinstance(event, Note):
                turn.say(f"{self.name}: {event.text}")

        try:
            result = asyncio.run(verification.run(folder, hear))
            watching.hear(RunFinished(result, str(folder.path)))
            write_summary(folder.path)
        finally:
            watching.close()
        late = [] if quick else verification.out_of_time
        return self._ended(turn, result, late, time.monotonic() - begin, folder)

    def _ended(
        self, turn: Turn, result: VerifyResult, left: Sequence[str], seconds: float, folder: RunFolder
    ) -> PartResult:
        items = items_of(result)
        verdict, code = _verdict(result, items, left)
        reason = result.stopped or ("" if verdict is Verdict.PASS else _reason(result, items, left))
        return PartResult(
            self.kind,
            self.name,
            verdict,
            code,
            reason,
            turn.shares.each * self.claims,
            self.claims,
            turn.within(folder.path),
            seconds,
            items,
            tuple(left),
            result,
        )


def items_of(result: VerifyResult) -> tuple[Item, ...]:
    """Every rule and every cell that was tried. A weak cell is a failure where the run is gated."""
    checks = tuple(
        Item(one.id, one.verdict, one.reason, one.resource.where, one.duration_s) for one in result.checks
    )
    return (*checks, *(_cell(one, gated=result.gated) for one in result.matrix))


def _cell(cell: CellResult, *, gated: bool) -> Item:
    words = {"inconclusive": Verdict.INCONCLUSIVE, "invalid": Verdict.INVALID}
    verdict = words.get(cell.verdict, Verdict.PASS)
    if cell.verdict == "weak" and gated:
        verdict = Verdict.FAIL
    name = f"matrix/{cell.edge[0]}>{cell.edge[1]}/{cell.fault.kind}"
    return Item(name, verdict, cell.reason, cell.rule, cell.duration_s)


def _verdict(result: VerifyResult, items: Sequence[Item], left: Sequence[str]) -> tuple[Verdict, ExitCode]:
    code = result.exit_code()
    if code is ExitCode.LIMIT:
        return Verdict.INVALID, code
    if code is ExitCode.FAIL:
        return Verdict.FAIL, code
    open_ones = [one.verdict for one in items if not one.verdict.decided]
    open_ones += [Verdict.INVALID] * bool(result.unaccounted) + [Verdict.INCONCLUSIVE] * bool(left)
    if code is ExitCode.UNDECIDED or left:
        return worst(open_ones or [Verdict.INCONCLUSIVE]), ExitCode.UNDECIDED
    return Verdict.PASS, code


def _reason(result: VerifyResult, items: Sequence[Item], left: Sequence[str]) -> str:
    told = [reason_of(items, left)] if items or left else ["nothing was tried"]
    told += [f"the waiver has expired: {one}" for one in result.expired]
    told += ["the record of attempts disagrees with the sidecars' counters"] * bool(result.unaccounted)
    return "; ".join(one for one in told if one)

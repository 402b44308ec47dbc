"""Questions as parts of a gate: what users must feel while nothing is broken (`slo`), and under each of its faults.

They are experiments in all but name: the same load, the same claims, a run folder each.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

from chaosmesh.documents.fault_part import FaultPart
from chaosmesh.engine.experiment.inputs import Wanted
from chaosmesh.engine.experiment.live import LiveMesh
from chaosmesh.engine.experiment.result import Run
from chaosmesh.engine.experiment.scheduled import act_of
from chaosmesh.engine.experiment.session import Meshes, experiment, record
from chaosmesh.engine.experiment.view import MeshView
from chaosmesh.engine.gate.part import Turn, ended
from chaosmesh.engine.gate.result import Item, Kind, PartResult, worst_code
from chaosmesh.errors import ChaosMeshError, ExitCode, Where
from chaosmesh.judge import Claim, Verdict

START_S = 3.0
"""Seconds that a mesh takes to start and to stop."""

SHORTEST_S = 2.0
"""Seconds of load below which no question is asked."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question: `claims` on users at `entry` (None: the one that leads to the fault), under `fault` or none."""

    name: str
    where: Where
    claims: dict[str, Claim]
    entry: str | None = None
    fault: FaultPart | None = None


class Asking:
    """`gate.slo` or `gate.faults`. `duration`: seconds that one question may take."""

    def __init__(
        self, kind: Kind, wanted: Wanted, questions: Sequence[Question], seed: int, duration: float
    ) -> None:
        self.kind: Kind = kind
        self.name: str = kind
        self.claims = sum(len(one.claims) for one in questions)
        self.least = START_S + SHORTEST_S
        self._wanted = wanted
        self._questions = tuple(questions)
        self._seed = seed
        self._duration = duration

    def names(self) -> Sequence[str]:
        """Every question."""
        return [one.name for one in self._questions]

    def run(self, turn: Turn) -> PartResult:
        """Ask one after another on one mesh, as far as the budget goes. An error ends it; what was found before stays."""
        begin, items, left_out, code = time.monotonic(), list[Item](), list[str](), ExitCode.PASS
        meshes = Meshes(turn.folder, turn.say)
        try:
            for one in self._questions:
                if code is not ExitCode.PASS or not turn.has(SHORTEST_S):
                    left_out.append(one.name)
                    continue
                try:
                    items.append(self._ask(meshes, one, turn))
                except ChaosMeshError as error:
                    items.append(Item(one.name, Verdict.INVALID, str(error), one.where))
                    code = error.code
        finally:
            for text in meshes.close():
                turn.say(f"left behind: {text}")
        result = ended(self, turn, items, begin, left_out=left_out)
        return replace(result, code=worst_code([result.code, code]))

    def _ask(self, meshes: Meshes, question: Question, turn: Turn) -> Item:
        live = meshes.of(self._wanted)
        alpha = turn.shares.each
        view, runs = experiment(live, seed=self._seed, alpha=alpha, tolerated=tuple(Verdict), say=turn.say)
        seconds = self._duration if turn.left is None else min(self._duration, turn.left)
        try:
            with _fault(view, question):
                view.load(entry=question.entry).expect(budget=f"{seconds:.3f}s", **question.claims)
        finally:
            meshes.settle(live)
        return self._item(meshes, live, question, runs, turn)

    def _item(
        self, meshes: Meshes, live: LiveMesh, question: Question, runs: Sequence[Run], turn: Turn
    ) -> Item:
        run = runs[0]
        about = {
            "mesh": live.name,
            "profile": self._wanted.profile,
            "seed": self._seed,
            "alpha": turn.shares.each * self.claims,
        }
        slug = re.sub(r"[^\w.-]+", "-", question.name).strip("-")
        folder = record(meshes.runs, slug, question.name, runs, about)
        return Item(
            question.name,
            run.verdict,
            run.reason,
            question.where,
            run.seconds,
            run.evidence,
            turn.within(folder),
        )


def _fault(view: MeshView, question: Question) -> AbstractContextManager[object]:
    return nullcontext() if question.fault is None else act_of(view, question.fault)


def on_every_edge(part: FaultPart, edges: Sequence[tuple[str, str]]) -> Iterator[FaultPart]:
    """A fault that names no place stands for the same on every edge."""
    if part.edge or part.node or part.external:
        yield part
    else:
        yield from (part.model_copy(update={"edge": one}) for one in edges)


def label(part: FaultPart) -> str:
    """A fault in words: "errors 503 30 % on flights → weather"."""
    size = [str(part.status) if part.status else "", part.grpc or ""]
    size += [f"+{part.delay * 1000:g} ms"] if part.delay else []
    size += [f"{part.share * 100:.4g} %"] if part.share is not None else []
    place = " → ".join(part.edge) if part.edge else (part.node or part.external or "")
    place += "" if part.replica is None else f" {part.replica}"
    return " ".join(one for one in (part.kind, *size, "on", place) if one)

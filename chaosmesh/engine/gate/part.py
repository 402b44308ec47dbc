"""What the parts of a gate have in common."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from chaosmesh.engine.gate.result import Item, Kind, PartResult, code_of
from chaosmesh.errors import ChaosMeshError, ExitCode
from chaosmesh.judge import Verdict, alpha_for, worst

OVER = "the gate's budget was over before it could begin"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Shares:
    """One error budget for all claims of a gate, the same for each; it is dealt out before anything runs."""

    claims: int

    @property
    def each(self) -> float:
        """What one claim may err with."""
        return alpha_for(self.claims)


@dataclass(frozen=True, slots=True)
class Turn:
    """What a part gets when it is its turn. `root`: the gate's run folder, `folder`: where its own go;
    `until`: when the gate's budget is over (`time.monotonic`; None: never)."""

    root: Path
    folder: Path
    shares: Shares
    say: Say
    until: float | None = None

    @property
    def left(self) -> float | None:
        """Seconds that are left of the budget; None: there is no budget."""
        return None if self.until is None else max(0.0, self.until - time.monotonic())

    def has(self, seconds: float) -> bool:
        """Whether so many seconds are left."""
        return self.left is None or self.left >= seconds

    def within(self, path: Path) -> str:
        """A path from the gate's run folder."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)


class Part(Protocol):
    """Something that a gate runs. `claims`: how many it may make; `least`: seconds below which it is not begun."""

    @property
    def kind(self) -> Kind:
        """What it is."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def claims(self) -> int:
        """How many claims it may make."""

    @property
    def least(self) -> float:
        """Seconds without which nothing of it can be tried."""

    def names(self) -> Sequence[str]:
        """What it would try, as far as that is known before it runs."""

    def run(self, turn: Turn) -> PartResult:
        """Try everything. Ctrl-C heals and stops what runs, and comes through."""


def ended(
    part: Part, turn: Turn, items: Sequence[Item], begin: float, *, left_out: Sequence[str] = ()
) -> PartResult:
    """A part that was tried, as far as the budget went."""
    found = [one.verdict for one in items] + [Verdict.INCONCLUSIVE] * bool(left_out)
    verdict = worst(found) if found else Verdict.INCONCLUSIVE
    return PartResult(
        part.kind,
        part.name,
        verdict,
        code_of(verdict),
        reason_of(items, left_out),
        turn.shares.each * part.claims,
        part.claims,
        turn.within(turn.folder),
        time.monotonic() - begin,
        tuple(items),
        tuple(left_out),
    )


def not_begun(part: Part, turn: Turn, why: str = OVER) -> PartResult:
    """A part that there was no time for: undecided, with the names of all that it would have tried."""
    left = tuple(part.names()) or (part.name,)
    alpha = turn.shares.each * part.claims
    verdict = Verdict.INCONCLUSIVE
    return PartResult(
        part.kind, part.name, verdict, ExitCode.UNDECIDED, why, alpha, part.claims, left_out=left
    )


def broken(part: Part, turn: Turn, error: ChaosMeshError, begin: float) -> PartResult:
    """A part that an error ended: it says nothing, and keeps the error's own exit code."""
    return PartResult(
        part.kind,
        part.name,
        Verdict.INVALID,
        error.code,
        str(error),
        turn.shares.each * part.claims,
        part.claims,
        turn.within(turn.folder),
        time.monotonic() - begin,
    )


def reason_of(items: Sequence[Item], left_out: Sequence[str]) -> str:
    """Why a part is not a pass, in a line; what is worst comes first."""
    if not items and not left_out:
        return "nothing was tried"
    bad = sorted((one for one in items if one.verdict is not Verdict.PASS), key=_badness)
    found = [f"{count} {verdict.value}" for verdict, count in Counter(one.verdict for one in bad).items()]
    found += [f"not tried: {', '.join(left_out)}"] if left_out else []
    told = f" ({bad[0].id}: {bad[0].reason})" if bad and bad[0].reason else ""
    return "; ".join(found) + told


def _badness(item: Item) -> int:
    return (Verdict.FAIL, Verdict.INVALID, Verdict.INCONCLUSIVE).index(item.verdict)

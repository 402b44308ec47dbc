"""From one change to the next: what was expected in the time between, what became of it, and why it can be trusted."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from chaosmesh.engine.host import LATE_SHARE, Watch
from chaosmesh.engine.slowness import excuse, gave_up
from chaosmesh.engine.stack import Stack
from chaosmesh.engine.tower.claims import Claim, Claims, facts_of, state_of
from chaosmesh.engine.tower.faults import Standing
from chaosmesh.engine.tower.state import ClaimState
from chaosmesh.engine.tower.story import Story
from chaosmesh.errors import ChaosMeshError
from chaosmesh.judge import ALPHA, Verdict
from chaosmesh.load import Record, Stream
from chaosmesh.load.plan import LAG_SHARE_OF_BOUND, MIN_LAG_BOUND_MS

FEWEST: Final = 100
"""Requests before the generator may be called late."""
KEPT: Final = 1000
"""Episodes that are written into run.json; earlier ones are in events.ndjson only."""


@dataclass(slots=True)
class Punctual:
    """How late the requests of an episode were sent."""

    allowed_ms: float = MIN_LAG_BOUND_MS
    sent: int = 0
    late: int = 0

    def saw(self, stream: Stream, records: Sequence[Record], since_ns: int) -> None:
        """Requests have ended. Users who wait for their answers are never late."""
        if stream.closed is None:
            mine = [one.lag_ms for one in records if one.intended_ns >= since_ns]
            self.sent += len(mine)
            self.late += sum(one > self.allowed_ms for one in mine)

    @property
    def problem(self) -> str:
        """Why the generator was late, if it was."""
        if self.sent < FEWEST or self.late <= 0.01 * self.sent:
            return ""
        share = self.late / self.sent
        return f"the generator sent {share:.1%} of the requests more than {self.allowed_ms:.1f} ms late"


@dataclass
class Episode:
    """One that has ended: its times (epoch seconds), what was in force, and what became of each expectation."""

    number: int
    begin: float
    end: float
    requests: int
    rate: float
    faults: Sequence[Mapping[str, Any]]
    changed: Sequence[Mapping[str, Any]]
    claims: Sequence[Mapping[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """For run.json."""
        return dict(vars(self))


class Episodes:
    """Hears what ends and what changes. `standing`: faults in force; `changed`: documents that are other than at first."""

    def __init__(
        self,
        stack: Stack,
        claims: Claims,
        story: Story,
        standing: Callable[[], Sequence[Standing]],
        changed: Callable[[], Sequence[Mapping[str, Any]]],
    ) -> None:
        self._stack = stack
        self.claims = claims
        self._story = story
        self._standing = standing
        self._changed = changed
        self._watch: Watch | None = None
        self._anew = False
        self._starved = ""
        self._fallen = self._crowd = ""
        self._told_problem = False
        self._dropped = ""
        self._punctual = Punctual()
        self._requests = self._well = 0
        self._first_ns = self._last_ns = 0
        self._number = 1
        self._open = True
        self._faults: Sequence[Mapping[str, Any]] = []
        self.ended: list[Episode] = []

    async def start(self) -> None:
        """The first one begins."""
        self._watch = await Watch.of(self._stack)
        self._settle()

    def saw_records(self, stream: Stream, records: Sequence[Record]) -> None:
        """Requests of users have ended."""
        self.claims.saw_records(stream, records)
        since = self.claims.begun_ns
        self._punctual.saw(stream, records, since)
        self._well += sum(one.ok or gave_up(one) for one in records if one.intended_ns >= since)
        times = [one.intended_ns for one in records if one.intended_ns >= since]
        if times:
            self._requests += len(times)
            self._first_ns = min(self._first_ns or times[0], *times)
            self._last_ns = max(self._last_ns, *times)

    def dropped(self, why: str) -> None:
        """A generator says that it was late."""
        self._dropped = why

    async def look(self) -> None:
        """Once a second: whether the host gave us the time that we need."""
        if self._watch is None:
            return
        try:
            if self._anew:
                self._anew, self._starved = False, ""
                self._watch = await Watch.of(self._stack)
            self._fallen = self._stack.fallen(self._watch.begin) or ""
            now = await self._stack.keeper.ticks()
        except ChaosMeshError:
            return
        total, late = now.total - self._watch.ticks.total, now.late - self._watch.ticks.late
        starved = total >= FEWEST and late > 2 and late / total > LATE_SHARE
        self._starved = (
            f"the host starved: {late} of {total} ticks came more than 50 ms late" if starved else ""
        )

    @property
    def problem(self) -> str:
        """Why nothing of this episode can be trusted, if so."""
        return self._fallen or self._dropped or self._punctual.problem or self._starved or self._crowd

    @property
    def late(self) -> str | None:
        """Why the generator is late, if it is."""
        return self._dropped or self._punctual.problem or None

    def doubt(self) -> str:
        """Why a pass would say nothing: a fault in force has surely met nothing."""
        return next((text for one in self._standing() if (text := one.delivered.missed)), "")

    def states(self) -> list[ClaimState]:
        """Every expectation as it stands; a verdict that is new goes to the timeline."""
        self._crowd = self._crowded()
        self._tell_problem()
        problem, doubt = self.problem, self.doubt()
        found = []
        for one in self.claims.all:
            state = state_of(one, problem, doubt)
            found.append(state)
            self._tell(one, state)
        return found

    def about_to_change(self) -> None:
        """The present episode ends here: what comes from now on is not of it."""
        if self._open:
            self._open = False
            self._conclude()

    def changed(self) -> None:
        """The change is in force: the next episode begins."""
        self._open = True
        self._number += 1
        self._requests, self._well, self._first_ns, self._last_ns = 0, 0, 0, 0
        self._dropped = ""
        self.claims.again()
        self._anew = True
        self._settle()

    def again(self) -> None:
        """From the beginning, on the user's word."""
        self.about_to_change()
        self.changed()

    def close(self) -> None:
        """The end of the run."""
        self.about_to_change()

    def _crowded(self) -> str:
        """Why the host may be the reason, where slowness is all that is broken; experiments have the same rule."""
        broken = [one for one in self.claims.all if one.decision and one.decision.verdict is Verdict.FAIL]
        if self._watch is None or any(one.edge and one.requirement.measure != "latency" for one in broken):
            return ""
        asked = [one.requirement for one in broken]
        return excuse(self._watch, asked, self._requests, self._well, ALPHA) or ""

    def _settle(self) -> None:
        self._punctual = Punctual(max(MIN_LAG_BOUND_MS, LAG_SHARE_OF_BOUND * (self.claims.tightest_ms or 0)))
        self._faults = [_fault(one) for one in self._standing()]

    def present(self) -> Episode:
        """The present one, as if it ended here."""
        now = time.time_ns()
        self._crowd = self._crowded()
        problem, doubt = self.problem, self.doubt()
        claims = [_told(one, problem, doubt) for one in self.claims.all]
        seconds = (self._last_ns - self._first_ns) / 1e9
        rate = (self._requests - 1) / seconds if self._requests > 1 and seconds > 0 else 0.0
        times = self.claims.begun_ns / 1e9, now / 1e9
        # A change is in force a moment before the documents say so: they are asked when an episode ends, not when it begins.
        changed = list(self._changed())
        return Episode(self._number, *times, self._requests, round(rate, 2), self._faults, changed, claims)

    def _conclude(self) -> None:
        episode = self.present()
        if any(one["n"] for one in episode.claims):
            self.ended.append(episode)
            del self.ended[:-KEPT]
            self._story.add("claim", _summed(episode.claims), details={"episode": episode.as_json()})

    def _tell(self, one: Claim, state: ClaimState) -> None:
        """A verdict that is new. What makes everything invalid is told once for all."""
        verdict = one.decision.verdict if one.decision else Verdict.INCONCLUSIVE
        if verdict is one.said or self.problem:
            return
        before, one.said = one.said, verdict
        if verdict.decided:
            self._story.add("claim", f"{verdict.value}: {_on(state)}{one.reason()}", edge=one.edge)
        elif before is not None and before.decided:
            self._story.add("claim", f"undecided again: {_on(state)}{one.reason()}", edge=one.edge)

    def _tell_problem(self) -> None:
        if bool(self.problem) != self._told_problem:
            self._told_problem = bool(self.problem)
            text = (
                f"nothing can be judged: {self.problem}"
                if self.problem
                else "what is seen can be judged again"
            )
            self._story.add("health", text)


def _told(one: Claim, problem: str, doubt: str) -> Mapping[str, Any]:
    """What is written down of an expectation: its verdict, and the evidence that it follows from."""
    state = state_of(one, problem, doubt)
    return {
        **facts_of(one),
        "text": one.text,
        "verdict": state.verdict,
        "reason": state.reason,
        "problem": problem or (doubt if state.verdict == "invalid" else ""),
        "alpha": ALPHA,
        "estimate": state.estimate,
        "low": state.low,
        "high": state.high,
        "n": state.n,
    }


def _on(state: ClaimState) -> str:
    return f"{state.on.replace('->', ' → ')}: " if state.on else ""


def _fault(one: Standing) -> Mapping[str, Any]:
    return {"kind": one.recipe.kind, "on": one.on, "fields": one.fields, "label": str(one.context)}


def _summed(claims: Sequence[Mapping[str, Any]]) -> str:
    """One line for an episode that has ended."""
    seen = [one for one in claims if one["n"]]
    counts = {
        word: sum(one["verdict"] == word for one in seen)
        for word in ("pass", "fail", "invalid", "inconclusive")
    }
    words = {"inconclusive": "undecided"}
    text = ", ".join(f"{count} {words.get(word, word)}" for word, count in counts.items() if count)
    broken = "; ".join(one["text"] for one in seen if one["verdict"] == "fail")
    return f"judged up to here: {text}" + (f" ({broken})" if broken else "")

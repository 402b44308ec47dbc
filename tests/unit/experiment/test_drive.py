"""How an expectation is driven, on a stack whose answers are written down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from types import SimpleNamespace

import pytest

from chaosmesh import Verdict, at_least, at_most
from chaosmesh.engine import host
from chaosmesh.engine.conditions import Bell
from chaosmesh.engine.experiment import drive
from chaosmesh.engine.experiment.drive import ENOUGH, PATIENT, Plan
from chaosmesh.engine.experiment.in_force import InForce
from chaosmesh.engine.experiment.phases import Phase, phase
from chaosmesh.engine.experiment.questions import Question
from chaosmesh.faults import Errors
from chaosmesh.judge import ALPHA, requirement
from chaosmesh.ledger import Ledger
from chaosmesh.load import Record, RequestSpec, StreamReport
from chaosmesh.runtime import Ticks
from tests.unit.experiment.airport import airport, call, weather
from tests.unit.experiment.noted import Noted

BATCH = 20


class Answers(Ledger):
    """A ledger with the calls that a test gives to every stream."""

    def __init__(self, calls: Sequence[object]) -> None:
        super().__init__()
        self._given = list(calls)

    def calls(self, stream=None, client=None, service=None):
        return [one for one in self._given if (one.client, one.service) == (client, service)]


class WrittenStack:
    """Each stream answers with the statuses in turn, and is as late as it is said to be."""

    def __init__(
        self, statuses: Sequence[int], *, calls=(), lags=(), late_ticks=(), now: bool = False
    ) -> None:
        self.mesh = airport()
        self.ledger = Answers(calls)
        self.bell = Bell()
        self.keeper = self
        self.begun = 0
        self.fell: str | None = None
        self.afterthought: list[int] = []
        self._statuses = statuses
        self._now = now
        self._lags = list(lags)
        self._late_ticks = list(late_ticks)

    def pids(self, *, every: bool = False) -> list[int]:
        return []

    def fallen(self, since: float) -> str | None:
        return self.fell

    async def ticks(self) -> Ticks:
        return Ticks(*self._late_ticks.pop(0)) if self._late_ticks else Ticks(0, 0)

    def entry_url(self, entry: str, *_: str) -> str:
        return f"http://{entry}"

    def entry_tls(self, entry: str, *_: str) -> None:
        return None

    async def settled(self, streams) -> None:
        assert list(streams) == [self.begun]

    def pause(self) -> float:
        """Seconds between two batches: those of now take their time."""
        return 0.002 if self._now else 0

    async def begin(self, name, url, host, mix, rate, *, count, on_records, **_):
        self.begun += 1
        stopped = asyncio.Event()
        sent = 0

        def take(statuses: Sequence[int]) -> None:
            nonlocal sent
            at = time.time_ns() if self._now else 0
            records = [
                Record(sent + n, 0, at, at, at + 10_000_000, one, 0, "") for n, one in enumerate(statuses)
            ]
            self.ledger.add_records(self.begun, records)
            on_records(records)
            sent += len(records)

        async def send() -> StreamReport:
            while not stopped.is_set() and (count is None or sent < count):
                take([self._statuses[(sent + n) % len(self._statuses)] for n in range(BATCH)])
                self.bell.ring()
                await asyncio.sleep(self.pause())
            take(self.afterthought)
            self.afterthought = []
            lag = self._lags.pop(0) if self._lags else 0.1
            return StreamReport(self.begun, name, sent, sent, sent, 0, 0, 0.1, lag, 0.1, 1.0)

        task = asyncio.create_task(send())

        async def done() -> StreamReport:
            return await asyncio.shield(task)

        return SimpleNamespace(stream=SimpleNamespace(id=self.begun), stop=stopped.set, done=done)


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands beside a run needs sidecars to ask."""

    async def nothing(run, *_):
        return run

    monkeypatch.setattr(drive, "beside", nothing, raising=False)
    monkeypatch.setattr(host, "QUIET_S", 0.0)


def expect(
    stack: WrittenStack,
    *contexts: InForce,
    count: int | None = None,
    budget: float = 20.0,
    phases: tuple[Phase, ...] = (),
    **claims,
):
    said: list[str] = []
    edge = weather(stack.mesh)
    asked = [
        Question(requirement(name, one), None if one.on is None else edge) for name, one in claims.items()
    ]

    async def driven():
        plan = Plan("departures", (RequestSpec(),), 200.0, "constant", 0, count, phases=phases)
        return await drive.Drive(
            stack, plan, asked, contexts, alpha=ALPHA, budget=budget, policy="", say=said.append
        ).run()

    return asyncio.run(driven()), said


def errors(share: float = 0.3) -> InForce:
    edge = weather(airport())
    faults = tuple(Errors(f"f{n}", one.pair, 503, share, 0) for n, one in enumerate(edge.paths))
    return InForce("503 30 %", edge, faults)


def test_it_passes_once_every_claim_is_decided_and_says_beforehand_how_many_it_takes():
    run, said = expect(WrittenStack([200]), success=at_least(0.95), p99=at_most("300ms"))
    assert run.verdict is Verdict.PASS
    assert run.observed["success"] == 1.0
    assert run.streams == (1,)
    planned = run.claims[1].planned
    assert planned is not None
    assert planned <= run.requests <= 1.2 * planned + 2 * BATCH
    assert any(f"{planned:,} requests" in line for line in said)


def test_a_fail_ends_it_and_is_never_run_again():
    stack = WrittenStack([200, 503])
    run, _ = expect(stack, success=at_least(0.95), p99=at_most("300ms"))
    assert run.verdict is Verdict.FAIL
    assert stack.begun == 1
    assert run.requests < 2 * ENOUGH
    assert "success at least 0.95" in run.reason


def test_what_stays_undecided_goes_on_from_the_same_evidence_once():
    stack = WrittenStack([200])
    run, _ = expect(stack, count=300, success=at_least(0.999))
    assert (run.verdict, run.requests, stack.begun) == (Verdict.INCONCLUSIVE, 600, 2)
    run, _ = expect(WrittenStack([200]), count=300, success=at_least(0.97))
    assert (run.verdict, run.streams) == (Verdict.PASS, (1, 2)), (
        "the second stream decides what the first began"
    )


def test_answers_after_the_stop_that_undo_a_decision_cost_no_rerun():
    stack = WrittenStack([200])
    stack.afterthought = [503] * 12
    run, _ = expect(stack, success=at_least(0.95))
    assert (run.verdict, run.streams) == (Verdict.PASS, (1, 2))
    assert run.observed["success"] < 1


def test_a_late_generator_starts_anew_and_is_invalid_if_it_is_late_again():
    stack = WrittenStack([200], lags=[40.0, 40.0])
    run, said = expect(stack, count=300, success=at_least(0.95))
    assert (run.verdict, stack.begun) == (Verdict.INVALID, 2)
    (waited,) = (line for line in said if "measured anew" in line)
    assert waited.startswith(
        "chaosmesh: measured anew once the host has time (20 s at most): the generator's lag"
    )
    assert run.requests <= 300, "only the second stream counts"
    assert "lag p99 was 40.0 ms" in run.reason
    run, _ = expect(WrittenStack([200], lags=[40.0, 0.1]), count=300, success=at_least(0.95))
    assert run.verdict is Verdict.PASS
    assert run.requests <= 300


def test_what_is_measured_anew_may_be_undecided_and_run_once_more_too():
    run, _ = expect(WrittenStack([200], lags=[40.0, 0.1, 0.1]), count=300, success=at_least(0.97))
    assert (run.verdict, run.streams) == (Verdict.PASS, (2, 3))


def test_what_could_not_go_on_after_it_was_undecided_is_measured_anew():
    run, _ = expect(WrittenStack([200], lags=[0.1, 40.0]), count=300, success=at_least(0.97))
    assert (run.verdict, run.streams) == (Verdict.PASS, (3, 4))


def test_a_fail_under_a_late_generator_is_invalid_too():
    run, _ = expect(WrittenStack([503], lags=[40.0, 40.0]), success=at_least(0.95))
    assert run.verdict is Verdict.INVALID


def test_a_starved_host_is_invalid():
    starved = [(0, 0), (100, 50), *[(100, 50)] * 2, (100, 50), (200, 100)]  # calm, and starved again
    run, _ = expect(WrittenStack([200], late_ticks=starved), success=at_least(0.95))
    assert run.verdict is Verdict.INVALID
    assert "starved" in run.reason


def test_a_mesh_that_lost_a_part_of_itself_is_invalid():
    stack = WrittenStack([500])
    stack.fell = "sidecar-weather.0 ended by itself, signal 11 (SIGSEGV)"
    run, said = expect(stack, success=at_least(0.95))
    assert run.verdict is Verdict.INVALID
    assert stack.fell in run.reason
    assert "measured anew" not in "".join(said), "the host had time"


def test_a_fault_on_an_edge_without_traffic_is_invalid_at_once():
    stack = WrittenStack([200])
    run, _ = expect(stack, errors(), success=at_least(0.95))
    assert (run.verdict, stack.begun) == (Verdict.INVALID, 1)
    assert "503 30 % on flights → weather" in run.reason
    assert "no attempt was made" in run.reason


def test_a_fault_that_met_none_of_the_attempts_is_invalid():
    run, _ = expect(WrittenStack([200], calls=[call(1)] * 300), errors(), success=at_least(0.95))
    assert run.verdict is Verdict.INVALID
    assert "met none of 300 attempts" in run.reason


def test_a_fault_that_met_some_is_told_with_what_the_policy_predicts():
    calls = [call(1)] * 140 + [call(2, victim="f1"), call(2, victim="f0", client="flights-v2")] * 30
    run, _ = expect(
        WrittenStack([200], calls=calls), errors(), success=at_least(0.95), attempts=at_most(1.9, on="edge")
    )
    assert run.verdict is Verdict.PASS
    assert run.faults[0].startswith("503 30 % on flights → weather: met ")
    assert abs(run.predicted["attempts flights-v1>weather.airport.local"] - 1.39) < 1e-9
    assert run.claims[1].decision.n == 200


def test_nothing_but_404_says_nothing():
    run, _ = expect(WrittenStack([404]), success=at_least(0.95))
    assert run.verdict is Verdict.INVALID
    assert "404" in run.reason


def test_nothing_but_404_is_an_answer_where_it_was_asked_for():
    run, _ = expect(WrittenStack([404]), status_404=at_least(0.95))
    assert run.verdict is Verdict.PASS


def test_attempts_on_an_edge_that_nobody_called_are_invalid():
    run, _ = expect(WrittenStack([200]), attempts=at_most(1.5, on="edge"))
    assert run.verdict is Verdict.INVALID
    assert "nothing was counted" in run.reason


def test_a_schedule_runs_whole_although_every_claim_is_decided():
    notes: list[str] = []
    stack = WrittenStack([200], now=True)
    phases = (phase("baseline", "50ms"), phase("fault", "50ms", Noted("f", notes)), phase("recovery", "50ms"))
    run, _ = expect(stack, phases=phases, success=at_least(0.5))
    assert (run.verdict, stack.begun, notes) == (Verdict.PASS, 1, ["+f", "-f"])
    (sent,) = run.facts.streams
    assert sent.ended
    assert [one.name for one in sent.phases] == ["baseline", "fault", "recovery"]
    assert all(one.end_ns - one.begin_ns >= 50_000_000 for one in sent.phases)


def test_a_schedule_stops_once_a_claim_has_failed_and_nothing_stays_in_force():
    notes: list[str] = []
    stack = WrittenStack([503], now=True)
    run, _ = expect(
        stack, phases=(phase("fault", "1h", Noted("f", notes)),), success=at_least(0.9, during="fault")
    )
    assert (run.verdict, stack.begun, notes) == (Verdict.FAIL, 1, ["+f", "-f"])


def test_an_undecided_schedule_goes_through_once_more_on_the_same_evidence():
    notes: list[str] = []
    stack = WrittenStack([200], now=True)
    phases = (phase("fault", "200ms", Noted("f", notes)),)
    run, _ = expect(stack, phases=phases, success=at_least(1 - 1e-7, during="fault"))
    assert (run.verdict, stack.begun, notes) == (Verdict.INCONCLUSIVE, 2, ["+f", "-f"] * 2)
    assert len(run.facts.streams) == 2
    assert run.claims[0].decision.n > 0


def test_load_that_ends_before_its_schedule_says_nothing():
    run, _ = expect(
        WrittenStack([200], now=True), count=300, phases=(phase("long", "1h"),), success=at_least(0.5)
    )
    assert run.verdict is Verdict.INVALID
    assert "before its schedule was through" in run.reason


def test_a_fault_that_can_not_be_put_in_force_ends_the_load_and_is_told():
    notes: list[str] = []
    with pytest.raises(RuntimeError, match="bad"):
        expect(
            WrittenStack([200], now=True),
            phases=(phase("fault", "1h", Noted("f", notes), Noted("bad", notes, broken=True)),),
            success=at_least(0.5),
        )
    assert notes == ["+f", "+bad", "-bad", "-f"]


def test_what_is_rare_is_waited_for_but_not_for_ever():
    stack = WrittenStack([200], calls=[call(1)] * 300)
    run, _ = expect(stack, success=at_least(0.5), spacing=at_least("1ms", on="edge"))
    assert (run.verdict, stack.begun) == (Verdict.INVALID, 1)
    assert "no call was tried again" in run.reason
    assert PATIENT * ENOUGH <= run.requests <= 1.2 * PATIENT * ENOUGH + 2 * BATCH

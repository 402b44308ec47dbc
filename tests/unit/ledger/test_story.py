"""The story of one request: from the access logs alone, and with the spans of a tracer."""

from __future__ import annotations

import json
from dataclasses import replace

from chaosmesh.envoy.spans import Span
from chaosmesh.ledger import FaultEvent
from chaosmesh.ledger.spans import SpanSource
from chaosmesh.ledger.story import Stories, chosen, story
from chaosmesh.ledger.waterfall import plain, rows
from chaosmesh.load import request_id

from .handmade import HEAD, MS, T0, UF, Try, call, door, ledger, record, row

RID = request_id(1, 0)
BELOW = row(
    sidecar="color.0",
    call="c2",
    edge="color>tail.local",
    lineage="1.2",
    start_ns=T0 + 2 * MS + 100_000,
    authority="tail.local:8080",
)


class Given(SpanSource):
    """Spans that are there."""

    def __init__(self, *spans: Span) -> None:
        self._spans = spans

    def __iter__(self):
        return iter(self._spans)

    def __bool__(self):
        return bool(self._spans)

    def of(self, request_id):
        return [one for one in self._spans if one.request_id == request_id]


def span(id_: str, parent: str, kind, sidecar: str, call_id: str = "", attempt: int = 0, **more) -> Span:
    fields = {"start_ns": T0, "end_ns": T0 + MS, "status": 200, "error": False, **more}
    return Span("t1", id_, parent, RID, call_id, sidecar, kind, kind, attempt=attempt, **fields)


def nested(*, lineage: str = "1.2"):
    """gate: front calls color twice (the first attempt is a victim), color calls tail in the second."""
    first = call(Try(503, victim="f1"), Try())
    second = call(Try(host="127.9.1.3:8080"), base=replace(BELOW, lineage=lineage), server="tail")
    entry = door(sidecar="front.0", duration_ms=12.0)
    return ledger(entry, *first, *second, records=(record(0),))


def tree(told):
    return [(depth, step.kind, step.where) for depth, step in told.root.walk()]


def test_from_the_access_logs_alone_calls_hang_below_the_attempt_that_caused_them():
    told = story(nested(), RID)
    assert tree(told) == [
        (0, "client", "client"),
        (1, "ingress", "front.0"),
        (2, "call", "front → color.local"),
        (3, "attempt", "color.0"),
        (3, "attempt", "color.0"),
        (4, "call", "color → tail.local"),
        (5, "attempt", "tail.0"),
    ]
    assert (told.ok, told.attempts, told.trace_id, told.spans) == (True, 3, "", ())
    victim = told.root.steps[0].steps[0].steps[0]
    assert victim.notes == ("victim of f1",)
    assert (victim.attempt, victim.status, victim.ok) == (1, 503, False)


def test_where_a_lineage_is_missing_the_call_hangs_at_the_entry_unless_spans_tell():
    bare = nested(lineage="")
    assert tree(story(bare, RID))[-2:] == [(2, "call", "color → tail.local"), (3, "attempt", "tail.0")]
    bare.spans = Given(
        span("s1", "", "ingress", "front.0"),
        span("s2", "s1", "app", "front.0"),
        span("s3", "s2", "call", "front.0", "c1", 2),
        span("s4", "s3", "attempt", "front.0", "c1", 1),
        span("s5", "s3", "attempt", "front.0", "c1", 2),
        span("s6", "s5", "ingress", "color.0", "c1", 2),
        span("s7", "s6", "app", "color.0", "c1", 2),
        span("s8", "s7", "call", "color.0", "c2", 1),
        span("s9", "s8", "attempt", "color.0", "c2", 1),
    )
    told = story(bare, RID)
    assert tree(told) == [
        (0, "client", "client"),
        (1, "ingress", "front.0"),
        (2, "app", "front.0"),
        (3, "call", "front → color.local"),
        (4, "attempt", "color.0"),
        (4, "attempt", "color.0"),
        (5, "ingress", "color.0"),
        (6, "app", "color.0"),
        (7, "call", "color → tail.local"),
        (8, "attempt", "tail.0"),
    ]
    assert [step.span for _, step in told.root.walk()] == [
        "",
        "s1",
        "s2",
        "s3",
        "s4",
        "s5",
        "s6",
        "s7",
        "s8",
        "s9",
    ]
    assert (told.trace_id, len(told.spans)) == ("t1", 9)


def test_a_failed_request_says_why_and_which_faults_were_in_force():
    rows_ = call(Try(503, victim="f1"), status=503)
    one = ledger(door(sidecar="front.0", status=503), *rows_, records=(record(0, 503),))
    for phase, at in (("applied", T0 - 2_000 * MS), ("healed", T0 + 5 * MS)):
        one.add_fault(FaultEvent("f1", phase, at, "errors", "front>color.local"))
    one.add_fault(FaultEvent("f2", "applied", T0 + 900 * MS, "latency", "front>color.local"))
    told = story(one, RID)
    assert not told.ok
    assert told.cause == "fault f1 at front>color.local"
    assert told.faults == ("errors at front>color.local, since 2.0 s before the request began (f1)",)
    assert "victim of fault 1" in str(told)


def test_a_request_that_no_generator_sent_begins_at_its_entry():
    told = story(
        ledger(door("own-1", sidecar="front.0"), *call(Try(), base=replace(HEAD, request_id="own-1"))),
        "own-1",
    )
    assert tree(told)[0] == (0, "ingress", "front.0")
    assert told.ok
    assert story(ledger(), "nobody") is None


def test_the_waterfall_is_as_wide_as_asked_and_shows_what_matters():
    told = story(nested(), RID)
    for width in (60, 100, 160):
        lines = rows(told, width)
        assert len({len(one.bar) for one in lines}) == 1
        assert all(len(one.label) + 2 + len(one.bar) <= width for one in lines)
        assert all(one.bar.strip() for one in lines)
    text = plain(told)
    assert text.splitlines()[0].startswith(f"{RID}  200 after 10.0 ms, 3 attempts")
    assert "none: no tracer told of it" in text
    assert "victim of f1" in text
    assert str(told) == text
    looks = [one.look for one in rows(told)]
    assert looks == ["well", "well", "well", "mended", "well", "well", "well"]


def test_a_story_is_plain_data():
    one = nested()
    one.spans = Given(span("s1", "", "ingress", "front.0"))
    body = json.loads(json.dumps(story(one, RID).as_json()))
    assert body["request_id"] == RID
    assert body["root"]["steps"][0]["span"] == "s1"
    assert body["spans"][0]["trace_id"] == "t1"
    assert body["attempts"] == 3


def test_the_requests_of_a_run_are_chosen_by_what_became_of_them():
    records = (record(0), record(1, 503), record(2, 0, "no answer"), record(3, 200, done_ns=T0 + 500 * MS))
    one = ledger(door(sidecar="front.0"), *call(UF), records=records)
    requests = one.requests()
    assert [r.seq for r in chosen(requests, failed=True)] == [1, 2]
    assert [r.seq for r in chosen(requests, slowest=2)] == [2, 3]
    assert [r.seq for r in chosen(requests, failed=True, slowest=1)] == [2]
    stories = Stories(one, [1])
    assert len(stories) == 4
    assert stories.failed_ids == [request_id(1, 1), request_id(1, 2)]
    assert [s.request_id for s in stories.slowest()] == [request_id(1, 2)]
    assert stories[RID].request_id == RID
    assert "nobody" not in stories

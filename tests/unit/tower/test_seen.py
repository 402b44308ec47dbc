"""What the page shows of the load: a request is sent when it is sent, and has succeeded or failed when it has ended."""

from __future__ import annotations

from chaosmesh.engine.tower.scene import load_of
from chaosmesh.engine.tower.seconds import NS, WINDOW_S
from chaosmesh.engine.tower.seen import Seen
from chaosmesh.engine.tower.state import LoadTotal
from chaosmesh.ledger import Addresses
from chaosmesh.load import Record, RequestSpec, Stream

STREAM = Stream(1, "users", "http://127.0.0.1:1", "front", (RequestSpec(),), 20)


def nowhere() -> Addresses:
    raise AssertionError("no call was seen")


def test_requests_count_as_sent_while_none_is_answered() -> None:
    seen = Seen(nowhere)
    for second in range(100, 100 + WINDOW_S):
        seen.saw_sent([(second, 20)], users=True)
    load = load_of(seen, 1, 20.0, None, 100 + WINDOW_S, running=True)
    assert (load.sent_rps, load.done_rps, load.success) == (20.0, 0.0, None)
    assert load.total == LoadTotal(20 * WINDOW_S, 0, 0)


def test_a_request_that_ends_is_not_counted_as_sent_again() -> None:
    seen = Seen(nowhere)
    seen.saw_sent([(100, 2)], users=True)
    records = [Record(n, 0, 100 * NS, 100 * NS, 101 * NS, status, 0) for n, status in enumerate((200, 503))]
    seen.saw_records(STREAM, records, users=True)
    load = load_of(seen, 1, 20.0, None, 102, running=True)
    assert (load.sent_rps, load.done_rps, load.success) == (0.2, 0.2, 0.5)
    assert load.total == LoadTotal(2, 1, 1)


def test_probes_are_nobodys_requests() -> None:
    seen = Seen(nowhere)
    seen.saw_sent([(100, 2)], users=False)
    assert (seen.sent, len(seen.entry)) == (0, 0)

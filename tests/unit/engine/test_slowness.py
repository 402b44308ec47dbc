"""What a crowded host may be the reason of."""

from __future__ import annotations

import pytest

from chaosmesh import at_least, at_most
from chaosmesh.engine.slowness import gave_up, only_slow
from chaosmesh.judge import ALPHA, Requirement, requirement
from chaosmesh.load import Record
from chaosmesh.load.wire import Failure

SUCCESS = requirement("success", at_least(0.99))
LATENCY = requirement("p99", at_most("1s"))
STATUS = requirement("status_503", at_most(0.01))


def record(status: int, error: str = "", grpc_status: int | None = None) -> Record:
    return Record(0, 0, 1, 1, 2, status, 0, error, grpc_status)


@pytest.mark.parametrize(
    ("one", "given_up"),
    [
        (record(504), True),
        (record(200, grpc_status=4), True),
        (record(0, Failure.TIMEOUT), True),
        (record(0, "connection reset"), False),
        (record(503), False),
        (record(200), False),
    ],
)
def test_who_no_longer_waited(one: Record, given_up: bool) -> None:
    assert gave_up(one) is given_up


@pytest.mark.parametrize(
    ("broken", "well", "slow"),
    [
        ([], 1000, False),
        ([LATENCY], 0, True),
        ([LATENCY, SUCCESS], 1000, True),
        ([SUCCESS], 990, True),
        ([LATENCY, SUCCESS], 700, False),
        ([LATENCY, STATUS], 1000, False),
    ],
)
def test_success_is_slowness_where_nothing_but_patience_ended(
    broken: list[Requirement], well: int, slow: bool
) -> None:
    assert only_slow(broken, 1000, well, ALPHA) is slow

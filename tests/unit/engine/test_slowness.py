"""What a crowded host may be the reason of."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from chaosmesh import at_least, at_most
from chaosmesh.engine.slowness import excuse, gave_up
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
    ("broken", "well", "told"),
    [
        ([], 1000, None),
        ([LATENCY], 0, "crowded"),
        ([LATENCY, SUCCESS], 1000, "by others"),
        ([SUCCESS], 990, "by others"),
        ([LATENCY, SUCCESS], 700, None),
        ([LATENCY, STATUS], 1000, None),
    ],
)
def test_a_host_excuses_slowness_and_one_that_others_crowd_those_who_gave_up(
    broken: list[Requirement], well: int, told: str | None
) -> None:
    watch = SimpleNamespace(crowded=lambda: "crowded", crowded_by_others=lambda: "by others")
    assert excuse(watch, broken, 1000, well, ALPHA) == told  # type: ignore[arg-type]

"""Which replica of an edge stands for all of them, and which edges have one to spare."""

from __future__ import annotations

import pytest

from chaosmesh.engine.doses import COLUMNS, victim
from chaosmesh.engine.matrix import alone, cell_id, cells
from chaosmesh.errors import UsageError
from chaosmesh.faults import Copy, Crash, Hang
from tests import meshes

SPLIT = meshes.pair(meshes.route("color", "all", {"blue": 1, "green": 9}), arms=("blue", "green"))
EDGE = ("front", "color")


def test_the_last_replica_of_the_heaviest_target_that_has_several() -> None:
    assert victim(SPLIT, EDGE, {"blue": 2, "green": 3}) == Copy("green", 2)
    assert victim(SPLIT, EDGE, {"blue": 2, "green": 1}) == Copy("blue", 1)
    assert victim(SPLIT, EDGE, {"blue": 1, "green": 1}) is None


def test_a_cell_needs_two_replicas_and_says_so() -> None:
    for counts, there in (({"blue": 2, "green": 1}, True), ({"blue": 1, "green": 1}, False)):
        found = {cell_id(*one).rpartition("/")[2] for one in cells(SPLIT, (), counts)}
        assert ({"hang", "crash"} <= found) is there
        left = [cell_id(*one) for one in alone(SPLIT, (), counts)]
        assert (left == []) is there
    assert [cell_id(*one) for one in alone(SPLIT, ("*/crash",), {})] == ["matrix/front>color/crash"]


def test_a_strike_is_made_for_its_replica() -> None:
    columns = {one.dose.kind: one for one in COLUMNS}
    made = [columns[kind].fault("f", EDGE, 7, Copy("blue", 1)) for kind in ("hang", "crash")]
    assert made == [Hang(id="f", node="blue", replica=1), Crash(id="f", node="blue", replica=1)]
    assert columns["down"].fault("f", EDGE, 7, Copy("blue", 1)).edge == EDGE
    with pytest.raises(UsageError, match="no second replica"):
        columns["hang"].fault("f", EDGE, 7, None)

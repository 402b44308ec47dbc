from __future__ import annotations

from chaosmesh.envoy import AccessRow
from chaosmesh.ledger import parse_stats
from chaosmesh.load import request_id

from .handmade import FAILED, MS, T0, UF, UO, Try, call, ledger, row

CLUSTER = "cds_egress_m_color_http_8080"


def counters(total: int = 0, eject: int = 0, overflow: int = 0, active: int = 0):
    values = {
        "upstream_rq_total": total,
        "upstream_rq_pending_failure_eject": eject,
        "upstream_rq_pending_overflow": overflow,
        "upstream_rq_active": active,
    }
    return {"front.0": {CLUSTER: values}}


def rows() -> list[AccessRow]:
    second = row(request_id=request_id(1, 1), call="c2", start_ns=T0 + 100 * MS)
    return [*call(FAILED, UF, Try()), *call(UO, base=second)]


def test_rows_equal_the_sum_of_the_three_counters():
    held = ledger(*rows()).conservation(counters(2, 1, 1))
    assert held.ok
    assert held.rows == {("front.0", CLUSTER): 3, ("front.0", ""): 1}
    assert held.counters == {("front.0", CLUSTER): 4}


def test_a_row_without_a_cluster_stands_only_for_an_attempt_without_a_connection():
    assert not ledger(*rows()).conservation(counters(4)).ok
    assert ledger(*rows()[:-2]).conservation(counters(2, 1, 1)).differences == (
        "front.0: 0 rows of attempts without a connection, 1 counted by Envoy",
    )


def test_a_difference_is_said_in_words():
    held = ledger(*rows()).conservation(counters(3, 1, 1))
    assert not held.ok
    assert held.differences == ("front.0: 1 rows of attempts without a connection, 2 counted by Envoy",)
    assert ledger(*call(Try(), Try())).conservation(counters(3)).differences == (
        f"front.0 {CLUSTER}: 2 rows, 3 attempts counted by Envoy",
    )


def test_attempts_under_way_are_a_difference():
    assert ledger(*rows()).conservation(counters(2, 1, 1, active=1)).differences == (
        f"front.0 {CLUSTER}: 1 attempts still under way",
    )


def test_a_cluster_without_rows_and_rows_without_counters_are_differences():
    assert not ledger().conservation(counters(1)).ok
    assert ledger().conservation(counters()).ok
    assert ledger(*rows()).conservation({}).differences == (
        "front.0: 4 rows, but its counters were not read",
    )


def test_other_clusters_are_left_out():
    table = counters(2, 1, 1)
    table["front.0"]["chaosmesh_als"] = {"upstream_rq_total": 9}
    assert ledger(*rows()).conservation(table).ok


def test_a_killed_sidecar_starts_a_new_life():
    book = ledger(*rows())
    book.sidecar_killed("front.0", T0 + 50 * MS)
    held = book.conservation(counters(0, 0, 1))
    assert held.ok
    assert held.lost == 0


def test_lost_rows_of_a_killed_sidecar_are_counted():
    server1, *_ = call(FAILED, Try())
    book = ledger(server1)
    book.sidecar_killed("front.0", T0 + 50 * MS)
    assert book.conservation(counters()).lost == 1
    assert book.conservation(counters()).ok


def test_envoys_answer_is_parsed():
    answer = {
        "stats": [
            {"name": f"cluster.{CLUSTER}.upstream_rq_total", "value": 5},
            {"name": f"cluster.{CLUSTER}.upstream_rq_pending_overflow", "value": 2},
            {"name": f"cluster.{CLUSTER}.upstream_cx_total", "value": 7},
            {"name": "cluster.cds_egress_m_with.dots_http_80.upstream_rq_active", "value": 0},
            {"name": "listener_manager.workers_started", "value": 1},
            {"histograms": {}},
        ]
    }
    assert parse_stats(answer) == {
        CLUSTER: {"upstream_rq_total": 5, "upstream_rq_pending_overflow": 2},
        "cds_egress_m_with.dots_http_80": {"upstream_rq_active": 0},
    }

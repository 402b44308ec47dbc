from __future__ import annotations

from dataclasses import replace

from chaosmesh.ledger import Ledger
from chaosmesh.load import RequestSpec, Stream

from .handmade import ADDRESSES, T0, ledger, record, row

CLUSTER = "cds_egress_m_color_tcp_7000"
TAKEN = row(
    tcp=True,
    request_id="",
    call="u1",
    lineage="",
    edge="front>color.local",
    cluster=CLUSTER,
    upstream="127.9.1.2:7000",
    method="",
    path="",
    received=5,
    sent=7,
)
REFUSED = replace(TAKEN, call="u2", start_ns=T0 + 1, status=503, flags=("UF", "URX"), received=0, sent=0)
STOPPED = replace(REFUSED, call="u3", start_ns=T0 + 2, flags=("UO",), attempt=0, cluster="", upstream="")
SERVED = replace(
    TAKEN, sidecar="color.1", side="ingress", edge="", call="v1", cluster="cds_ingress_m_color_tcp_7000"
)


def test_a_connection_is_a_call_with_one_attempt():
    taken, refused, stopped = ledger(TAKEN, REFUSED, STOPPED, SERVED).calls(
        client="front", service="color.local"
    )
    assert [(a.number, a.server, a.replica, a.status) for a in taken.attempts] == [(1, "color", 1, 200)]
    assert (taken.tcp, taken.ok, taken.complete, taken.received, taken.sent) == (True, True, True, 5, 7)
    assert (refused.ok, refused.complete, refused.attempts[0].flags) == (False, True, ("UF", "URX"))
    assert (stopped.ok, stopped.complete, stopped.attempts) == (False, True, ())


def test_connections_to_servers_equal_envoys_counters():
    book = ledger(TAKEN, REFUSED, STOPPED, SERVED)
    values = {"upstream_rq_total": 1, "upstream_rq_pending_failure_eject": 1, "upstream_rq_active": 0}
    held = book.conservation({"front.0": {CLUSTER: values}})
    assert held.ok
    assert held.rows == {("front.0", CLUSTER): 2}
    more = book.conservation({"front.0": {CLUSTER: {**values, "upstream_rq_total": 9}}})
    assert more.differences == (f"front.0 {CLUSTER}: 2 rows, 10 attempts counted by Envoy",)


def test_a_generators_connection_waits_for_no_row(tmp_path):
    spec = RequestSpec("hello", protocol="tcp")
    book = Ledger(ADDRESSES)
    book.add_records(Stream(1, "s", "http://127.9.2.1:7000", "", (spec,), 10), [record(0)])
    book.add_rows([TAKEN])
    assert book.complete(1).ok
    book.write(tmp_path)
    assert Ledger.read(tmp_path) == book
    assert Ledger.read(tmp_path).complete(1).ok
    assert not ledger(records=(record(0),)).complete(1).ok

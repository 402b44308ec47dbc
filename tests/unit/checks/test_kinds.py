"""Checks of everything that is no plain HTTP route: right calls pass, each kind of wrong one fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from chaosmesh.appmesh import Resources, clauses, load
from chaosmesh.checks import Check, Plan, Seen, plan
from chaosmesh.checks.logs import entries
from chaosmesh.checks.pools import judge as judge_pool
from chaosmesh.checks.pools import judge_requests
from chaosmesh.checks.replicas import judge_copies, judge_ejection, judge_health
from chaosmesh.checks.secured import judge as judge_tls
from chaosmesh.checks.timeouts import judge_silence
from chaosmesh.judge import Verdict
from chaosmesh.ledger import Attempt, Call, Request

from .handmade import ALPHA, call, check, nothing, seen

HERE = Path(__file__).parent
SECOND = 1_000_000_000
CALL = "virtualRouter/call/route/call"


def resources() -> Resources:
    return load([HERE / "every_kind.yaml"])


def planned(copies: int = 2) -> Plan:
    replicas = {"web": copies, "rpc": copies, "raw": 1, "front": 1}
    return plan(resources(), profile="appmesh", alpha=ALPHA, replicas=replicas)


PLAN = planned()


def verdict(one: Check, *observed: Seen) -> Verdict:
    return one.judge(observed).verdict


def request(status: int, *calls: Call, error: str = "", route: str = "", number: int = 0) -> Request:
    name = f"{number:08x}"
    return Request(1, number, 0, name, 0, 0, 1, status, None, 1, error, "gate", calls, entry_route=route)


def rpc(*codes: int, route: str = "call", final: int | None = None) -> Call:
    """A gRPC call with an attempt for each code."""
    one = call(*[200] * len(codes), route=route, server="rpc", status=200)
    attempts = tuple(replace(a, grpc_status=code) for a, code in zip(one.attempts, codes, strict=True))
    code = final if final is not None else codes[-1] if codes else 12
    return replace(one, attempts=attempts, grpc_status=code)


def asked(replica: int, second: float, status: int = 200, flags: Sequence[str] = (), ms: float = 1.0) -> Call:
    """One call that came to a copy of `web` at a second of the run."""
    at = round(second * SECOND)
    attempt = Attempt(1, "web", replica, at, ms, status, matched=True, server_flags=tuple(flags))
    return replace(call(status, server="web"), start_ns=at, duration_ms=ms, attempts=(attempt,))


@pytest.mark.parametrize("one", PLAN.checks, ids=lambda one: one.id)
def test_nothing_seen_proves_nothing(one: Check) -> None:
    assert one.judge(nothing(one)).verdict is Verdict.INVALID


def test_every_rule_is_checked_or_has_a_reason() -> None:
    named = {one.id for one in PLAN.checks} | {one.id for one in PLAN.skipped}
    assert {clause.id for clause in clauses(resources())} <= named
    assert all("no check" not in one.reason for one in PLAN.skipped)


def test_checks_say_how_sure_they_are() -> None:
    assert check(PLAN, f"{CALL}/retryPolicy.grpcRetryEvents.internal").basis == "inferred"
    assert check(PLAN, f"{CALL}/match.serviceName").basis == "inferred"
    assert check(PLAN, "mesh/egressFilter").basis == "documented"


def test_grpc_events_are_told_by_their_own_status() -> None:
    again = check(PLAN, f"{CALL}/retryPolicy.grpcRetryEvents.internal")
    assert [one.standin for one in again.probes] == ["rpc=grpc:13;attempts:1"]
    assert verdict(again, seen(rpc(13, 0))) is Verdict.PASS
    assert verdict(again, seen(rpc(13))) is Verdict.FAIL
    never = check(PLAN, f"{CALL}/retryPolicy.grpcRetryEvents.cancelled")
    assert verdict(never, seen(rpc(1))) is Verdict.PASS
    assert verdict(never, seen(rpc(1, 0))) is Verdict.FAIL


def test_a_grpc_method_that_no_route_takes_is_unimplemented() -> None:
    one = check(PLAN, f"{CALL}/match.methodName")
    assert [probe.shape.path for probe in one.probes] == ["/all.Calls/Ring", "/all.Calls/RingOther"]
    assert all(dict(probe.shape.headers) == {"lang": "en"} for probe in one.probes)
    assert verdict(one, seen(rpc(0)), seen(rpc(route="", final=12))) is Verdict.PASS
    assert verdict(one, seen(rpc(0)), seen(rpc(0))) is Verdict.FAIL


def test_the_port_of_a_tcp_route_is_called() -> None:
    one = check(PLAN, "virtualRouter/wire/route/wire/match.port")
    assert [(probe.port, probe.shape.protocol) for probe in one.probes] == [(7001, "tcp")]
    assert "client front" in one.alone


def test_what_needs_more_than_a_pool_holds_is_not_checked() -> None:
    reasons = {one.id: one.reason for one in PLAN.skipped}
    assert "the pool of rpc holds 4" in reasons["virtualNode/rpc/listeners.9000.timeout.grpc.perRequest"]
    assert all("node web" in one.alone for one in PLAN.checks if "front>web" in one.alone | one.shares)


def test_one_copy_shows_nothing_of_ejection() -> None:
    lone = {one.id: one.reason for one in planned(copies=1).skipped}
    assert "replicas: 2" in lone["virtualNode/web/listeners.8080.outlierDetection"]
    assert "replicas: 2" in lone["virtualNode/web/serviceDiscovery.awsCloudMap.serviceName"]


def test_all_copies_get_calls() -> None:
    both = seen(asked(0, 1), asked(1, 1))
    assert judge_copies([both], "web", 2).verdict is Verdict.PASS
    assert judge_copies([seen(asked(0, 1))], "web", 2).verdict is Verdict.FAIL
    assert judge_copies([both], "web", 1).verdict is Verdict.FAIL


def sick(out: Sequence[float] = (), back: float | None = 25.0) -> Seen:
    """Copy 0 fails its checks from second 2 to 20 and leaves after 5; `out`: calls it gets all the same."""
    mine = [*(n / 2 for n in range(14)), *out, *([back] if back else [])]
    calls = [asked(0, at) for at in mine] + [asked(1, n / 2) for n in range(80)]
    return replace(seen(*calls), marks=(2 * SECOND, 20 * SECOND))


def test_a_copy_that_fails_its_checks_leaves_and_comes_back() -> None:
    assert judge_health([sick()], "web", 8, 8).verdict is Verdict.PASS
    assert judge_health([sick(out=[15])], "web", 8, 8).verdict is Verdict.FAIL
    assert judge_health([sick(back=None)], "web", 8, 8).verdict is Verdict.FAIL
    assert judge_health([sick(back=35)], "web", 8, 8).verdict is Verdict.FAIL
    assert judge_health([replace(sick(), marks=(SECOND,))], "web", 8, 8).verdict is Verdict.INVALID


def test_a_copy_that_left_early_may_come_back_early_once_it_was_left_alone() -> None:
    def verdict_of(one: Seen) -> Verdict:
        early = replace(one, marks=(2 * SECOND, 13 * SECOND))
        return judge_health([early], "web", 14, 8, 6).verdict

    assert verdict_of(sick(back=18)) is Verdict.PASS
    assert verdict_of(sick(back=25)) is Verdict.FAIL
    assert verdict_of(sick(out=[9], back=18)) is Verdict.INCONCLUSIVE


def ejected(errors: int, *, out: Sequence[float] = (), back: float | None = 7.0) -> Seen:
    mine = [0.1 * n for n in range(errors)] + [*out, *([back] if back else [])]
    return seen(*(asked(0, at, 500) for at in mine), *(asked(1, n / 10) for n in range(100)))


def test_a_copy_leaves_after_its_errors_and_for_its_time() -> None:
    assert judge_ejection([ejected(4)], "web", 4, 5, 1).verdict is Verdict.PASS
    assert judge_ejection([ejected(4, out=[3.5])], "web", 4, 5, 1).verdict is Verdict.FAIL
    late = judge_ejection([ejected(2)], "web", 4, 5, 1)
    assert late.verdict is Verdict.FAIL
    assert "after 2 errors" in late.reason
    assert judge_ejection([ejected(4, back=None)], "web", 4, 5, 1).verdict is Verdict.FAIL
    assert judge_ejection([ejected(4, back=None)], "web", 4, 5, None).verdict is Verdict.PASS
    assert judge_ejection([ejected(4, back=14)], "web", 4, 5, 1).verdict is Verdict.FAIL
    never = seen(*(asked(n % 2, n / 10, 500) for n in range(100)))
    assert judge_ejection([never], "web", 4, 5, 1).verdict is Verdict.FAIL


def full(taken: int, stopped: int) -> Seen:
    let_in = [asked(0, 0, ms=500) for _ in range(taken)]
    return seen(*let_in, *(asked(0, 0, 503, ["UO"]) for _ in range(stopped)))


def test_a_pool_takes_what_it_holds_and_no_more() -> None:
    assert judge_pool([full(5, 5)], "web", 3, 5, 500).verdict is Verdict.PASS
    assert judge_pool([full(6, 4)], "web", 3, 5, 500).verdict is Verdict.FAIL
    assert judge_pool([full(2, 8)], "web", 3, 5, 500).verdict is Verdict.FAIL
    assert judge_pool([full(5, 0)], "web", 3, 5, 500).verdict is Verdict.FAIL


def test_without_a_bound_on_the_queue_the_rest_waits() -> None:
    waits = seen(*(asked(0, 0, ms=500) for _ in range(3)), asked(0, 0, ms=1000))
    assert judge_pool([waits], "web", 3, None, 500).verdict is Verdict.PASS
    assert judge_pool([full(4, 0)], "web", 3, None, 500).verdict is Verdict.FAIL
    assert judge_pool([full(3, 0)], "web", 3, None, 500).verdict is Verdict.FAIL


def test_a_pool_is_told_by_what_users_see() -> None:
    some = [request(200, number=n) for n in range(3)] + [request(503, number=9)]
    assert judge_requests([Seen((), some)], 3, 3).verdict is Verdict.PASS
    assert judge_requests([Seen((), some)], 4, 5).verdict is Verdict.FAIL
    assert judge_requests([Seen((), some[:3])], 3, 3).verdict is Verdict.FAIL


def test_who_knocks_at_a_secured_port_is_let_in_or_not() -> None:
    refused, answered = request(0, error="closed", number=1), request(404, number=2)
    assert judge_tls([Seen((), [refused]), Seen((), [answered])], [False, True]).verdict is Verdict.PASS
    assert judge_tls([Seen((), [answered])], [False]).verdict is Verdict.FAIL
    assert judge_tls([Seen((), [refused])], [True]).verdict is Verdict.FAIL


def test_a_silent_connection_lasts_as_long_as_its_bound() -> None:
    lasting = [replace(call(200), tcp=True, duration_ms=ms) for ms in (3001.0, 3002.0)]
    assert judge_silence([seen(*lasting)], 3).verdict is Verdict.PASS
    assert judge_silence([seen(*lasting)], 5).verdict is Verdict.FAIL
    assert judge_silence([seen(*lasting)], 1).verdict is Verdict.FAIL


def test_entries_of_a_log_are_told_by_their_format() -> None:
    logging = resources().virtual_nodes
    text = logging["web"].spec.logging.access_log.file.format
    json = logging["front"].spec.logging.access_log.file.format
    assert entries("web 200 /\nother\nweb 404 /x\n", text) == 2
    assert entries('{"code":200,"path":"/"}\n{"code":200}\nno\n[1]\n', json) == 1
    line = '[2026-01-02T03:04:05.678Z] "GET / HTTP/1.1" 200 - 0 4\n'
    assert entries(line * 3, None) == 3
    assert entries("nothing", None) == 0


def test_a_closed_mesh_answers_404_and_an_open_one_does_not() -> None:
    opened = check(PLAN, "mesh/egressFilter")
    assert opened.probes[0].place == "open"
    assert verdict(opened, Seen((), [request(200)])) is Verdict.PASS
    assert verdict(opened, Seen((), [request(404)])) is Verdict.FAIL


def test_wiring_is_told_by_who_was_reached() -> None:
    port = check(PLAN, "virtualNode/rpc/listeners.9000")
    right = rpc(0)
    at = tuple(replace(one, upstream="127.0.0.1:9000") for one in right.attempts)
    assert verdict(port, seen(replace(right, attempts=at))) is Verdict.PASS
    other = tuple(replace(one, upstream="127.0.0.1:9001") for one in right.attempts)
    assert verdict(port, seen(replace(right, attempts=other))) is Verdict.FAIL
    assert verdict(port, seen(call(200, server="web"))) is Verdict.FAIL
    backend = check(PLAN, "virtualNode/front/backends.web.all.local")
    assert verdict(backend, seen(call(200, server="web"))) is Verdict.PASS
    assert verdict(backend, seen(call(200, server="rpc"))) is Verdict.FAIL
    assert verdict(backend, seen(call(status=503))) is Verdict.FAIL
    provider = check(PLAN, "virtualService/web.all.local/provider")
    assert verdict(provider, seen(call(200, server="web", route="web"))) is Verdict.PASS
    assert verdict(provider, seen(call(200, server="web", route="else"))) is Verdict.FAIL

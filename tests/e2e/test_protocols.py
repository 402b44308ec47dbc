"""Weights, retries and timeouts of one route together, over HTTP/2 and gRPC; over TCP weights alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chaosmesh.appmesh import load
from chaosmesh.judge import Verdict, interval, judge_split
from chaosmesh.judge.oracle import success
from chaosmesh.ledger import Call
from chaosmesh.load import RequestSpec
from chaosmesh.load.plan import Protocol
from chaosmesh.mesh import RequestFault

from .stage import Sent, Stage, fair, policy, send, stage
from .test_timeout_policy import EARLY, FAR_LATER

pytestmark = pytest.mark.e2e

CLIENT, PORT = "client", 8080
WEIGHTS = {"{}-blue": 3, "{}-red": 1}
SHARE, RETRIES = 0.3, 2
PER_TRY, PER_REQUEST = 1.0, 2.5  # s
CALLS, RATE = 600, 200
WRONG = 1e-6
"""How often a share that is as predicted is called wrong."""

NEAR = 0.15
"""Points by which the share of an arm may be off at most, so that 3 : 1 is told from other weights."""


@dataclass(frozen=True)
class Kind:
    """What a protocol calls its things. `failing`: the fault that its retry policy covers."""

    protocol: Protocol
    policy: dict[str, Any]
    failing: dict[str, Any]
    match: dict[str, Any]
    path: str


KINDS = {
    "http2": Kind("http2", {"httpRetryEvents": ["server-error"]}, {"status": 503}, {"prefix": "/"}, "/"),
    "grpc": Kind(
        "grpc",
        {"grpcRetryEvents": ["unavailable"], "httpRetryEvents": ["server-error"]},
        {"grpc_status": 14},
        {"serviceName": "shop.Orders"},
        "/shop.Orders/List",
    ),
}


def service(name: str) -> str:
    return f"{name}.demo.local"


def documents(folder: Path) -> Path:
    """A client that calls a service in each protocol, each with a blue and a red node behind one route."""
    backends = [{"virtualService": {"virtualServiceName": service(one)}} for one in (*KINDS, "tcp")]
    _node(folder, CLIENT, "http", backends)
    for name, kind in KINDS.items():
        body = {
            "match": kind.match,
            "retryPolicy": {"maxRetries": RETRIES, "perRetryTimeout": _seconds(PER_TRY), **kind.policy},
            "timeout": {"perRequest": _seconds(PER_REQUEST)},
        }
        _service(folder, name, f"{name}Route", body)
    _service(folder, "tcp", "tcpRoute", {})
    return folder


def _seconds(value: float) -> dict[str, Any]:
    return {"unit": "ms", "value": round(value * 1000)}


def _service(folder: Path, name: str, route: str, body: dict[str, Any]) -> None:
    arms = {arm.format(name): weight for arm, weight in WEIGHTS.items()}
    for node in arms:
        _node(folder, node, name, [])
    listener = {"portMapping": {"port": PORT, "protocol": name}}
    action = {"weightedTargets": [{"virtualNode": node, "weight": weight} for node, weight in arms.items()]}
    _write(folder, f"{name}-router", {"virtualRouterName": name, "spec": {"listeners": [listener]}})
    routed = {"virtualRouterName": name, "routeName": "all", "spec": {route: {**body, "action": action}}}
    _write(folder, f"{name}-route", routed)
    provider = {"provider": {"virtualRouter": {"virtualRouterName": name}}}
    _write(folder, f"{name}-service", {"virtualServiceName": service(name), "spec": provider})


def _node(folder: Path, name: str, protocol: str, backends: list[Any]) -> None:
    spec = {
        "listeners": [{"portMapping": {"port": PORT, "protocol": protocol}}],
        "serviceDiscovery": {"awsCloudMap": {"namespaceName": "demo.local", "serviceName": name}},
        "backends": backends,
    }
    _write(folder, f"{name}-node", {"virtualNodeName": name, "spec": spec})


def _write(folder: Path, name: str, body: dict[str, Any]) -> None:
    (folder / f"{name}.json").write_text(json.dumps({"meshName": "demo", **body}))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    mesh = policy(load([documents(tmp_path_factory.mktemp("documents"))]))
    with stage(mesh, tmp_path_factory.mktemp("runs")) as running:
        yield running


def sent(demo: Stage, kind: Kind, count: int, plan: str = "") -> Sent:
    """Calls of the client; `plan` is for both arms."""
    both = ",".join(f"{arm.format(kind.protocol)}={plan}" for arm in WEIGHTS)
    headers = (("x-standin", both),) if plan else ()
    request = RequestSpec(path=kind.path, headers=headers, protocol=kind.protocol)
    made: Sent = demo.run(
        send(demo.stack, CLIENT, service(kind.protocol), count=count, rate=RATE, request=request)
    )
    assert len(made.calls) == count
    return made


def cut(made: Sent, hanging: int = 0) -> str | None:
    """On a host without time to spare a server that is well may look like one that hangs, as the first `hanging`
    tries shall."""
    tries = [one for call in made.calls for one in call.attempts if one.number > hanging]
    return made.starved if any("UT" in one.flags for one in (*made.calls, *tries)) else None


def splits_as_written(calls: list[Call], protocol: str) -> None:
    weights = {arm.format(protocol): float(weight) for arm, weight in WEIGHTS.items()}
    decision = judge_split(weights, Counter(one.attempts[0].server for one in calls), alpha=WRONG)
    print(decision.reason)
    assert decision.verdict is not Verdict.FAIL
    assert all(arm.high - arm.low <= 2 * NEAR for arm in decision.arms)


@pytest.mark.parametrize("name", KINDS)
def test_weights_choose_and_retries_stay_with_the_choice(demo: Stage, name: str) -> None:
    """A call fails when three attempts do: 1 − 0.3³ = 97.3 % succeed."""
    kind = KINDS[name]
    fault = RequestFault(f"{name}-flaky", CLIENT, service(name), SHARE, seed=3, **kind.failing)
    demo.run(demo.stack.site.inject(fault))
    try:
        made: Sent = fair(lambda: sent(demo, kind, CALLS), cut)
    finally:
        demo.run(demo.stack.site.withdraw(fault.id))
    for call in made.calls:
        *before, last = call.attempts
        assert all(one.victim == fault.id for one in before)
        assert call.ok == (last.victim == "")
        assert len(before) == RETRIES or call.ok
        assert len({one.server for one in call.attempts}) == 1
    low, high = interval(CALLS, sum(one.ok for one in made.requests), WRONG)
    assert 1 - SHARE < low <= success(SHARE, RETRIES) <= high
    splits_as_written(list(made.calls), name)


@pytest.mark.parametrize("name", KINDS)
def test_a_try_that_hangs_is_cut_and_made_again(demo: Stage, name: str) -> None:
    made: Sent = fair(lambda: sent(demo, KINDS[name], 10, "hang;attempts:1"), lambda one: cut(one, 1))
    for call in made.calls:
        assert call.ok
        assert len(call.attempts) == 2
        assert call.attempts[0].flags == ("UT",)
        assert call.attempts[0].duration_ms >= (PER_TRY - EARLY) * 1000


@pytest.mark.parametrize("name", KINDS)
def test_the_bound_of_the_request_spans_all_its_tries(demo: Stage, name: str) -> None:
    """Three tries of 1 s would take 3 s; the third is cut when 2.5 s are over."""
    made = sent(demo, KINDS[name], 10, "hang")
    for call in made.calls:
        assert not call.ok
        assert "UT" in call.flags
        assert 2 <= len(call.attempts) <= RETRIES + 1
        assert PER_REQUEST - EARLY <= call.duration_ms / 1000 < FAR_LATER
    assert not any(one.ok for one in made.requests)


def connections(demo: Stage, count: int, plan: str = "") -> tuple[list[int], list[Call]]:
    """Statuses of lines that the client sends, and the connections on which they went."""
    stack, name = demo.stack, service("tcp")
    before = {one.id for one in stack.ledger.calls(client=CLIENT, service=name)}

    def new() -> list[Call]:
        return [one for one in stack.ledger.calls(client=CLIENT, service=name) if one.id not in before]

    async def body() -> list[int]:
        request = RequestSpec(body=plan.encode(), protocol="tcp")
        url = stack.egress_url(CLIENT, name)
        running = await stack.begin("lines", url, name, [request], RATE, count=count)
        await running.done()
        await stack.settled([running.stream.id], 60)
        await stack.bell.until(
            lambda: "" if len(new()) >= count else f"{len(new())} of {count}", seconds=60, what="connections"
        )
        return [one.status for one in stack.ledger.requests(running.stream.id)]

    return demo.run(body()), new()


def test_connections_split_by_weight(demo: Stage) -> None:
    statuses, calls = connections(demo, CALLS)
    assert statuses == [200] * CALLS
    splits_as_written(calls, "tcp")


def test_a_connection_that_is_closed_is_not_tried_again(demo: Stage) -> None:
    statuses, calls = connections(demo, 20, ",".join(f"{arm.format('tcp')}=close" for arm in WEIGHTS))
    assert statuses == [0] * 20
    assert {len(one.attempts) for one in calls} == {1}

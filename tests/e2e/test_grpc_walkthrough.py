"""The walkthrough howto-grpc: one method is routed, then all of them, then what fails is tried again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chaosmesh.appmesh import load
from chaosmesh.judge import interval
from chaosmesh.judge.oracle import attempts, success
from chaosmesh.load import RequestSpec
from chaosmesh.mesh import Mesh, RequestFault

from .asking import counters
from .stage import Sent, Stage, policy, send, stage

pytestmark = pytest.mark.e2e

CLIENT, SERVER, SERVICE = "color_client", "color_server", "color_server.demo.local"
OK, UNIMPLEMENTED, INTERNAL = 0, 12, 13
FLAKINESS = 0.5
RETRIES = 3
CALLS, RATE = 400, 200
WRONG = 1e-6
"""How often the interval of a share leaves the true one out."""


def mesh_of(corpus: Path, *updates: str) -> Mesh:
    folder = corpus / "walkthroughs" / "howto-grpc"
    files = [folder / "mesh.yaml", *(folder / "mesh" / f"{one}.json" for one in updates)]
    return policy(load(files, variables={"ProjectName": "demo"}))


@pytest.fixture(scope="module")
def demo(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(mesh_of(corpus), tmp_path_factory.mktemp("runs")) as running:
        yield running


def rpc(demo: Stage, method: str, count: int = 20) -> Sent:
    request = RequestSpec(path=f"/color.ColorService/{method}", protocol="grpc")
    sent: Sent = demo.run(send(demo.stack, CLIENT, SERVICE, count=count, rate=RATE, request=request))
    return sent


def codes(sent: Sent) -> set[int | None]:
    return {one.grpc_status for one in sent.requests}


@contextmanager
def flaky(demo: Stage) -> Iterator[None]:
    """Half of what reaches the server fails with the code INTERNAL, drawn attempt by attempt."""
    fault = RequestFault("flaky", CLIENT, SERVICE, FLAKINESS, seed=7, grpc_status=INTERNAL)
    demo.run(demo.stack.site.inject(fault))
    try:
        yield
    finally:
        demo.run(demo.stack.site.withdraw(fault.id))


def test_only_get_color_is_routed_at_first_and_then_every_method(demo: Stage, corpus: Path) -> None:
    demo.apply(mesh_of(corpus))
    assert codes(rpc(demo, "GetColor")) == {OK}
    assert codes(rpc(demo, "SetColor")) == {UNIMPLEMENTED}
    demo.apply(mesh_of(corpus, "route-all-methods"))
    assert codes(rpc(demo, "GetColor")) == codes(rpc(demo, "SetColor")) == {OK}


def share_of_success(sent: Sent) -> tuple[float, float]:
    return interval(len(sent.requests), sum(one.grpc_status == OK for one in sent.requests), WRONG)


def test_without_a_policy_flakiness_is_what_users_get(demo: Stage, corpus: Path) -> None:
    """The hidden policy does not try INTERNAL again: 1 − p of the calls succeed."""
    demo.apply(mesh_of(corpus, "route-all-methods"))
    with flaky(demo):
        sent = rpc(demo, "GetColor", CALLS)
    low, high = share_of_success(sent)
    assert low <= 1 - FLAKINESS <= high < success(FLAKINESS, RETRIES)
    assert {len(one.attempts) for one in sent.calls} == {1}


def test_three_retries_hide_most_of_it(demo: Stage, corpus: Path) -> None:
    """Four attempts fail together with p⁴: 93.75 % succeed, with (1 − p⁴) / (1 − p) = 1.875 attempts a call."""
    demo.apply(mesh_of(corpus, "route-retries"))
    cluster = f"^cluster[.]cds_egress_demo-mesh_{SERVER}_grpc_8080[.]upstream_rq_retry$"
    before = demo.run(counters(demo.stack, CLIENT, cluster))["upstream_rq_retry"]
    with flaky(demo):
        sent = rpc(demo, "GetColor", CALLS)
    low, high = share_of_success(sent)
    assert 1 - FLAKINESS < low <= success(FLAKINESS, RETRIES) <= high
    taken = Counter(len(one.attempts) for one in sent.calls)
    assert max(taken) == RETRIES + 1
    for call in sent.calls:
        assert call.grpc_status == (OK if len(call.attempts) <= RETRIES else call.attempts[-1].grpc_status)
        assert {one.grpc_status for one in call.attempts[:-1]} <= {INTERNAL}
    first = interval(CALLS, taken[1], WRONG)
    assert first[0] <= 1 - FLAKINESS <= first[1]
    retried = sum(len(one.attempts) - 1 for one in sent.calls)
    after = demo.run(counters(demo.stack, CLIENT, cluster))["upstream_rq_retry"]
    assert after - before == retried > 0
    print(
        f"{low:.1%} to {high:.1%} succeed, {1 + retried / CALLS:.2f} attempts a call, {attempts(FLAKINESS, RETRIES):.2f} predicted"
    )

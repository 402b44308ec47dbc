"""The walkthrough howto-http2: weights and retries over HTTP/2."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaosmesh.appmesh import Resources, load
from chaosmesh.judge import Verdict, judge_split
from chaosmesh.load import RequestSpec

from .stage import Sent, Stage, policy, send, stage

pytestmark = pytest.mark.e2e

CLIENT, SERVICE, NODE = "color_client", "color_server.demo.local", "color_server-{}"
CALLS, RATE = 900, 300
WRONG = 1e-6
"""How often a split that is as written is called wrong."""

NEAR = 0.15
"""Points by which the share of `CALLS` calls may be off at most, so that equal weights are told from others."""


def resources_of(corpus: Path, *updates: str) -> Resources:
    folder = corpus / "walkthroughs" / "howto-http2"
    files = [folder / "mesh.yaml", *(folder / "mesh" / f"{one}.json" for one in updates)]
    return load(files, variables={"ProjectName": "demo"})


@pytest.fixture(scope="module")
def demo(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(policy(resources_of(corpus)), tmp_path_factory.mktemp("runs")) as running:
        yield running


def sent(demo: Stage, count: int, standin: str = "") -> Sent:
    headers = (("x-standin", standin),) if standin else ()
    request = RequestSpec(headers=headers, protocol="http2")
    made: Sent = demo.run(send(demo.stack, CLIENT, SERVICE, count=count, rate=RATE, request=request))
    return made


@pytest.mark.parametrize("update", ["", "route-blue", "route-red"])
def test_a_single_target_gets_everything(demo: Stage, corpus: Path, update: str) -> None:
    demo.apply(policy(resources_of(corpus, *filter(None, [update]))))
    color = update.removeprefix("route-") or "red"
    made = sent(demo, 20)
    assert made.statuses == [200] * 20
    assert {one.server for call in made.calls for one in call.attempts} == {NODE.format(color)}


@pytest.mark.parametrize("update", ["route-red-blue", "route-red-blue-green"])
def test_equal_weights_share_evenly_over_http2(demo: Stage, corpus: Path, update: str) -> None:
    demo.apply(policy(resources_of(corpus, update)))
    made = sent(demo, CALLS)
    assert made.statuses == [200] * CALLS
    weights = {NODE.format(color): 1.0 for color in update.removeprefix("route-").split("-")}
    decision = judge_split(weights, Counter(call.attempts[0].server for call in made.calls), alpha=WRONG)
    print(decision.reason)
    assert decision.verdict is not Verdict.FAIL
    assert all(arm.high - arm.low <= 2 * NEAR for arm in decision.arms)


def test_server_errors_are_tried_three_times_more(demo: Stage, corpus: Path) -> None:
    """500 is no business of the hidden policy, so without the update one attempt is all."""
    plan = NODE.format("red") + "=status:500;attempts:{}"
    demo.apply(policy(resources_of(corpus)))
    made = sent(demo, 20, plan.format(1))
    assert made.statuses == [500] * 20
    demo.apply(policy(resources_of(corpus, "route-red-retries")))
    made = sent(demo, 20, plan.format(3))
    assert made.statuses == [200] * 20
    assert {len(call.attempts) for call in made.calls} == {4}
    made = sent(demo, 20, plan.format(4))
    assert made.statuses == [500] * 20
    assert {len(call.attempts) for call in made.calls} == {4}


def test_three_nodes_of_one_service_in_the_registry_are_told_apart(corpus: Path) -> None:
    """They share a name in Cloud Map; the attribute of each is what its instances carry."""
    found = {one.name: one.discovery for one in policy(resources_of(corpus)).workloads}
    servers = {name: one for name, one in found.items() if name != CLIENT}
    assert {one.hostname for one in servers.values()} == {SERVICE}
    assert {name: one.attributes for name, one in servers.items()} == {
        NODE.format(color): (("ECS_TASK_DEFINITION_FAMILY", color),) for color in ("red", "blue", "green")
    }

"""The documents of yelb, a user interface, an application server, a database and a cache, from their start on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaosmesh.appmesh import Resources, load
from chaosmesh.judge import interval

from .asking import ask
from .stage import Sent, Stage, policy, send, stage

pytestmark = pytest.mark.e2e

UI, V1, V2 = "yelb-ui-virtual-node", "yelb-appserver-virtual-node", "yelb-appserver-virtual-node-v2"
PARTS = ("redis", "db", "appserver", "ui")
CALLS, RATE = 300, 150
WRONG = 1e-6


@pytest.fixture(scope="module")
def folder(corpus: Path) -> Path:
    return corpus / "walkthroughs/eks-getting-started/infrastructure/appmesh_templates"


@pytest.fixture(scope="module")
def resources(folder: Path) -> Resources:
    return load([folder / f"appmesh-yelb-{one}.yaml" for one in PARTS], mesh_name="yelb")


@pytest.fixture(scope="module")
def demo(resources: Resources, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(policy(resources), tmp_path_factory.mktemp("runs")) as running:
        yield running


def servers(sent: Sent) -> Counter[str]:
    return Counter(one.attempts[0].server for one in sent.calls)


def load_on(demo: Stage) -> Sent:
    sent: Sent = demo.run(
        send(demo.stack, UI, "yelb-appserver", count=CALLS, rate=RATE, entry=True, patience=60)
    )
    assert len(sent.calls) == CALLS
    return sent


def test_a_user_is_answered_by_all_three_tiers(demo: Stage, resources: Resources) -> None:
    demo.apply(policy(resources))
    told = ask(demo, UI)
    assert (told.status, told.node) == (200, UI)
    (application,) = told.body["calls"]
    assert (application["service"], application["answer"]["node"]) == ("yelb-appserver", V1)
    behind = {one["service"]: one["answer"]["node"] for one in application["answer"]["calls"]}
    assert behind == {"yelb-db": "yelb-db-virtual-node", "redis-server": "redis-server-virtual-node"}


def test_a_second_version_takes_half_and_then_everything(
    demo: Stage, resources: Resources, folder: Path
) -> None:
    both = resources.updated(
        [folder / "appmesh-yelb-appserver-v2.yaml", folder / "appmesh-virtual-router-appserver-v1-v2.yaml"]
    )
    demo.apply(policy(both))
    split = servers(load_on(demo))
    low, high = interval(CALLS, split[V2], WRONG)
    assert set(split) == {V1, V2}
    assert low <= 0.5 <= high
    demo.apply(policy(both.updated([folder / "appmesh-virtual-router-appserver-v2.yaml"])))
    assert set(servers(load_on(demo))) == {V2}

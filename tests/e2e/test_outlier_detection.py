"""The walkthrough howto-outlier-detection: four hosts, some of them faulty, 200 requests at 50 a second.

An ejection of 10 s ends when Envoy looks next, every 30 s; each test begins with a detection that has seen nothing yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from chaosmesh.appmesh import load
from chaosmesh.documents.scenario import load_scenario
from chaosmesh.judge import interval
from chaosmesh.mesh import Mesh

from .asking import counters
from .stage import Sent, Stage, fair, policy, send, stage

pytestmark = pytest.mark.e2e

FRONT, NODE, SERVICE = "front-node", "color-node", "color.demo.local"
OFF, ON = "color-vn.json", "color-vn-with-outlier-detection.json"
HOSTS = range(4)
CALLS, RATE = 200, 50
ERRORS_TO_EJECT = 5
BURST, BURSTS = 40, 40
"""Calls, and how many such streams at most, in which the faulty hosts leave and the workers hear of it."""

WRONG = 1e-6
"""How often the interval of a share leaves the true one out."""

CLUSTER = f"^cluster[.]cds_egress_demo_{NODE}_http_8080[.]"


def mesh_of(folder: Path, node: str) -> Mesh:
    files = [folder / one for one in ("mesh.yaml", "front-vn.json", "color-vs.json", node)]
    names = {
        "ProjectName": "demo",
        "NAMESPACE_NAME": "demo.local",
        "VIRTUAL_SERVICE_NAME": SERVICE,
        "BACKEND_VS_NAME": SERVICE,
    }
    return policy(load(files, variables=names))


@pytest.fixture(scope="module")
def folder(corpus: Path) -> Path:
    return corpus / "walkthroughs" / "howto-outlier-detection" / "mesh"


@pytest.fixture(scope="module")
def demo(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    file = tmp_path_factory.mktemp("scenario") / "chaosmesh.yaml"
    file.write_text(f"workloads: {{{NODE}: {{replicas: {len(HOSTS)}}}}}\n")
    with stage(mesh_of(folder, OFF), tmp_path_factory.mktemp("runs"), load_scenario(file)) as running:
        yield running


def begin(demo: Stage, folder: Path) -> None:
    """A detection that has seen nothing yet."""
    demo.apply(mesh_of(folder, OFF))
    demo.apply(mesh_of(folder, ON))


def sent(demo: Stage, faulty: int, count: int = CALLS, rate: float = RATE) -> Sent:
    """Calls of which the last `faulty` hosts answer with 500."""
    plan = ",".join(f"{NODE}.{host}=status:500" for host in HOSTS[len(HOSTS) - faulty :])
    made: Sent = demo.run(send(demo.stack, FRONT, SERVICE, count=count, rate=rate, standin=plan))
    return made


def asked(made: Sent) -> Counter[int | None]:
    """Calls by the host that they met; none was tried again, for the hidden policy has no business with a 500."""
    assert {len(one.attempts) for one in made.calls} == {1}
    return Counter(one.attempts[0].replica for one in made.calls)


@dataclass(frozen=True)
class Counted:
    """What the front's sidecar counts: hosts ejected now, ejections so far, picks in panic."""

    ejected: int
    ejections: int
    panic: int


def counted(demo: Stage) -> Counted:
    pattern = f"{CLUSTER}(outlier_detection[.]ejections_(active|enforced_total)|lb_healthy_panic)$"
    seen = demo.run(counters(demo.stack, FRONT, pattern))
    return Counted(seen["ejections_active"], seen["ejections_enforced_total"], seen["lb_healthy_panic"])


@dataclass(frozen=True)
class Settled:
    """200 calls after the faulty hosts have left, with what was counted before and after them."""

    sent: Sent
    before: Counted
    after: Counted
    unsettled: str | None


def settled(demo: Stage, folder: Path, faulty: int, still_asked: int) -> Settled:
    """Until all calls of a burst meet the hosts that are expected, be it by choice or in panic. Begins anew where one
    of Envoy's looks came between, and let the ejected hosts in again."""

    def once() -> Settled:
        begin(demo, folder)
        before = counted(demo)
        for _ in range(BURSTS):
            panic = before.panic
            hosts = set(asked(sent(demo, faulty, BURST, 100)))
            before = counted(demo)
            as_expected = (
                before.panic - panic >= BURST if still_asked == len(HOSTS) else before.panic == panic
            )
            if before.ejected == faulty and len(hosts) == still_asked and as_expected:
                break
        made = sent(demo, faulty, rate=100)
        after = counted(demo)
        steady = (before.ejected, after.ejected, after.ejections - before.ejections) == (faulty, faulty, 0)
        return Settled(made, before, after, None if steady else f"{before}, then {after}")

    found: Settled = fair(once, lambda one: one.unsettled)
    return found


def test_without_detection_each_host_gets_a_quarter_and_one_faulty_host_fails_its_own(
    demo: Stage, folder: Path
) -> None:
    """Round robin of four: 50 of 200 fail. Drawn by lot instead, the count would vary more, so its interval holds."""
    demo.apply(mesh_of(folder, OFF))
    made = sent(demo, faulty=1)
    hosts = asked(made)
    assert set(hosts) == set(HOSTS)
    assert Counter(made.statuses) == {200: CALLS - hosts[3], 500: hosts[3]}
    low, high = interval(CALLS, hosts[3], WRONG)
    assert low <= 1 / len(HOSTS) <= high
    print(Counter(made.statuses))


def test_with_detection_the_faulty_host_leaves_after_five_errors_or_soon_after(
    demo: Stage, folder: Path
) -> None:
    """Workers may hear of it a second later, which is 12 or 13 errors more; without it there would be 50."""

    def once() -> tuple[Sent, Counted]:
        begin(demo, folder)
        return sent(demo, faulty=1), counted(demo)

    made, seen = fair(once, lambda one: one[0].starved)
    failures = Counter(made.statuses)[500]
    assert ERRORS_TO_EJECT <= failures < CALLS / len(HOSTS)
    assert asked(made)[3] == failures
    assert (seen.ejected, seen.ejections) == (1, 1)
    print(Counter(made.statuses))


@pytest.mark.parametrize("faulty", [1, 2])
def test_once_the_faulty_hosts_have_left_nothing_fails(demo: Stage, folder: Path, faulty: int) -> None:
    found = settled(demo, folder, faulty, len(HOSTS) - faulty)
    assert found.sent.statuses == [200] * CALLS
    assert set(asked(found.sent)) == set(HOSTS[: len(HOSTS) - faulty])
    assert found.after.panic == found.before.panic


def test_with_three_of_four_faulty_all_of_them_serve_again(demo: Stage, folder: Path) -> None:
    """More than half are out, so that Envoy panics and asks all: 150 of 200 fail, by round robin of four."""
    found = settled(demo, folder, 3, len(HOSTS))
    assert set(asked(found.sent)) == set(HOSTS)
    failures = Counter(found.sent.statuses)[500]
    low, high = interval(CALLS, failures, WRONG)
    assert low <= 3 / len(HOSTS) <= high
    assert found.after.panic > found.before.panic
    print(Counter(found.sent.statuses))

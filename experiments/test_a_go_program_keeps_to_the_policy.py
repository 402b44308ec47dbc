"""A program in Go keeps to the policy, although no line of it speaks of one.

The concierge asks the weather service once, by its name, and passes on what it hears. Its image holds one static
program and nothing else (`fixtures/concierge/service`). That failed calls are made again (`maxRetries: 2`), that a slow
one is given up (`perRetryTimeout`, `timeout`), and that its new version gets a tenth of the passengers
(`fixtures/concierge/desk/desk-route.json`) is done by the sidecars beside it.

Toxiproxy breaks the way to one copy of the weather service, slows all answers down by 100 ms, and then by 5 s.

It runs in containers only, as the experiments with a web server do.
"""

import os
import subprocess

import pytest

from chaosmesh import Failed, around, as_written, at_least, at_most, weights

desk = pytest.mark.chaosmesh("fixtures/concierge/desk", runtime="docker")


@pytest.fixture(scope="module", autouse=True)
def program(pytestconfig):
    """The static program, which the image is made of."""
    script = pytestconfig.rootpath / "fixtures" / "concierge" / "service" / "build.sh"
    made = subprocess.run([script], capture_output=True, text=True)
    if made.returncode:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(made.stderr)


@desk
def test_retries_hide_that_every_other_answer_never_comes(mesh):
    way = mesh.edge("concierge", "weather")
    with way.down(replica=0):
        mesh.load(rate=150).expect(success=at_least(0.99), attempts=at_most(2, on=way))


@desk
def test_missing_answers_are_noticed_without_retries(mesh):
    with mesh.edge("concierge", "weather").down(replica=0), pytest.raises(Failed):
        mesh.without("retryPolicy").load(rate=150).expect(success=at_least(0.99))


@desk
def test_a_tenth_meets_the_new_version_while_the_network_is_slow(mesh):
    way = mesh.edge("lobby", "desk")
    with way.latency("100ms"):
        mesh.load(rate=150).expect(split=as_written(on=way, tolerance=0.05), success=at_least(0.99))


@desk
def test_another_share_is_noticed(mesh):
    way = mesh.edge("lobby", "desk")
    tenth = weights({"concierge": 90, "concierge-v2": 10}, on=way, tolerance=0.05)
    with way.latency("100ms"), pytest.raises(Failed):
        mesh.without("weights").load(rate=150).expect(split=tenth)


@desk
def test_the_program_is_told_after_two_seconds_that_no_answer_comes(mesh):
    """The new version has a way of its own, which is quick: a tenth is served."""
    way = mesh.edge("concierge", "weather")
    with way.latency("5s"):
        mesh.without("perRetryTimeout").load(rate=50).expect(
            cutoff=around("2s", "300ms", margin=0.04, on=way), status_504=at_least(0.8)
        )


@desk
def test_a_longer_wait_is_noticed_without_timeouts(mesh):
    way = mesh.edge("concierge", "weather")
    with way.latency("5s"), pytest.raises(Failed):
        mesh.without("perRetryTimeout").without("timeout").load(rate=50, count=150).expect(p95=at_most("3s"))

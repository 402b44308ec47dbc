"""The walkthrough howto-http-retries: its template as it is, and the outcomes that its readers were promised."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from chaosmesh.appmesh import load

from .command import verified
from .stage import Sent, Stage, fair, policy, send, stage

pytestmark = pytest.mark.e2e

SERVICE = "color.demo.local"
VARIABLES = {"ProjectName": "demo"}
QUICK_MS = 3.0
"""Median of an attempt's duration up to which the upper end of a band of shares holds: a slow host's attempts
use up the backend's bad time by themselves, and more requests succeed."""


@pytest.fixture(scope="module")
def folder(corpus: Path) -> Path:
    return corpus / "walkthroughs" / "howto-http-retries"


def mesh_of(folder: Path, *updates: str):
    return policy(load([folder / "app.yaml", *(folder / one for one in updates)], variables=VARIABLES))


@pytest.fixture(scope="module")
def demo(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(mesh_of(folder), tmp_path_factory.mktemp("runs")) as running:
        yield running


def color(demo: Stage, standin: str, count: int = 40, rate: float = 40) -> Sent:
    return demo.run(
        send(
            demo.stack,
            "front-node",
            SERVICE,
            count=count,
            rate=rate,
            standin=f"blue-node={standin}",
            path="/color",
        )
    )


def test_every_rule_of_the_template_takes_effect(folder: Path, tmp_path: Path) -> None:
    ended, result = verified(
        tmp_path, folder / "app.yaml", "--set", "ProjectName=demo", "--only", "virtualRouter"
    )
    verdicts = {check["id"]: check["verdict"] for check in result["checks"]}
    route = "virtualRouter/color-router/route/color-route-blue"
    assert f"{route}/retryPolicy.maxRetries" in verdicts
    assert f"{route}/timeout.perRequest" in verdicts
    assert set(verdicts.values()) == {"pass"}, result["checks"]
    assert ended.code == 0, ended
    assert result["matrix"] == []


def always(demo: Stage, standin: str, status: int) -> Sent:
    """All 40 calls end with this status; another one is believed only of a host that had time to spare."""
    sent: Sent = fair(
        lambda: color(demo, standin), lambda made: made.starved if set(made.statuses) != {status} else None
    )
    assert sent.statuses == [status] * 40
    return sent


def test_ten_retries_outlive_a_backend_that_fails_for_250_ms(demo: Stage, folder: Path) -> None:
    """The summed back-off of ten retries is above 299 ms in 9,999 of 10,000 cases."""
    demo.apply(mesh_of(folder, "blue-route.json"))
    for call in always(demo, "status:503;until_ms:250", 200).calls:
        assert call.duration_ms >= 250
        assert call.attempts[0].status == 503
        assert all(one.status != 200 for one in call.attempts[:-1])
        assert call.attempts[-1].status == 200


def test_the_hidden_policy_tries_a_503_twice_more(demo: Stage, folder: Path) -> None:
    demo.apply(mesh_of(folder))
    sent = always(demo, "status:503;attempts:2", 200)
    assert {len(call.attempts) for call in sent.calls} == {3}


def test_the_hidden_policy_gives_up_on_a_backend_that_fails_for_a_second(demo: Stage, folder: Path) -> None:
    """Two back-offs are at most 75 ms together."""
    demo.apply(mesh_of(folder, "blue-route-no-retry.json"))
    sent = always(demo, "status:503;until_ms:1000", 503)
    assert {len(call.attempts) for call in sent.calls} == {3}


@pytest.mark.parametrize(
    ("updates", "until_ms", "retries", "low", "high"),
    [(("blue-route.json",), 1000, 10, 0.20, 0.60), ((), 20, 2, 0.75, 0.97)],
    ids=["ten-retries-1s", "hidden-policy-20ms"],
)
def test_the_shares_at_the_walkthroughs_own_windows(
    demo: Stage, folder: Path, updates: tuple[str, ...], until_ms: int, retries: int, low: float, high: float
) -> None:
    """Back-off is jittered in full, so that these are shares; call by call the outcome follows from the times."""
    demo.apply(mesh_of(folder, *updates))
    sent = color(demo, f"status:503;until_ms:{until_ms}", count=320, rate=80)
    for call in sent.calls:
        if call.status == 200:
            assert call.duration_ms >= until_ms * 0.99
        else:
            assert call.status in (503, 504)  # 504: the host was so slow that the last try was cut
            assert len(call.attempts) == retries + 1
            last = call.attempts[-1]
            assert last.status != 503 or (last.start_ns - call.start_ns) / 1e6 < until_ms + 1
    attempt_ms = median(one.duration_ms for call in sent.calls for one in call.attempts)
    print(
        f"{retries} retries, backend fails for {until_ms} ms: {sent.ok:.1%} of 320 ok, attempt {attempt_ms:.1f} ms"
    )
    assert sent.ok >= low
    assert sent.ok <= high or attempt_ms > QUICK_MS

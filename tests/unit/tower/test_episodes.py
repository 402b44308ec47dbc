"""When what is seen can't be judged."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from chaosmesh import at_least, at_most
from chaosmesh.engine.tower.episodes import Episodes
from chaosmesh.judge import Verdict, requirement

CROWDED, BY_OTHERS = "the host was crowded", "the host was crowded by others"


BOUNDS = {"success": at_least(0.99), "p99": at_most("1s"), "attempts": at_most(1.5)}


def claim(word: str, verdict: Verdict | None, edge: str | None = None) -> Any:
    decision = verdict and SimpleNamespace(verdict=verdict)
    return SimpleNamespace(requirement=requirement(word, BOUNDS[word]), decision=decision, edge=edge)


@pytest.mark.parametrize(
    ("claims", "well", "told"),
    [
        ([claim("p99", Verdict.FAIL), claim("success", Verdict.PASS)], 0, CROWDED),
        ([claim("p99", Verdict.FAIL), claim("success", Verdict.FAIL)], 1000, BY_OTHERS),
        ([claim("p99", Verdict.FAIL), claim("success", Verdict.FAIL)], 700, ""),
        ([claim("p99", Verdict.FAIL), claim("success", Verdict.FAIL, "front->leaf")], 1000, ""),
        ([claim("p99", Verdict.PASS)], 0, ""),
        ([claim("p99", None)], 0, ""),
    ],
)
def test_a_crowded_host_is_to_blame_for_slowness_alone(claims: list[Any], well: int, told: str) -> None:
    seen = SimpleNamespace(all=claims, tightest_ms=None)
    nothing = SimpleNamespace()
    episodes = Episodes(nothing, seen, nothing, list, list)  # type: ignore[arg-type]
    episodes._watch = SimpleNamespace(crowded=lambda: CROWDED, crowded_by_others=lambda: BY_OTHERS)  # type: ignore[assignment]
    episodes._requests, episodes._well = 1000, well
    assert episodes._crowded() == told

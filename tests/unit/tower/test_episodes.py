"""When what is seen can't be judged."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from chaosmesh.engine.tower.episodes import Episodes
from chaosmesh.judge import Verdict

CROWDED = "the host was crowded"


def claim(measure: str, verdict: Verdict) -> Any:
    return SimpleNamespace(
        requirement=SimpleNamespace(measure=measure), decision=SimpleNamespace(verdict=verdict)
    )


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ([claim("latency", Verdict.FAIL), claim("success", Verdict.PASS)], CROWDED),
        ([claim("latency", Verdict.FAIL), claim("success", Verdict.FAIL)], ""),
        ([claim("latency", Verdict.PASS)], ""),
        ([SimpleNamespace(requirement=SimpleNamespace(measure="latency"), decision=None)], ""),
    ],
)
def test_a_crowded_host_is_to_blame_for_slowness_alone(claims: list[Any], told: str) -> None:
    seen = SimpleNamespace(all=claims, tightest_ms=None)
    nothing = SimpleNamespace()
    episodes = Episodes(nothing, seen, nothing, list, list)  # type: ignore[arg-type]
    episodes._watch = SimpleNamespace(crowded=lambda: CROWDED)  # type: ignore[assignment]
    assert episodes._crowded() == told

"""A cell that held because a fallback answered says so; one that is weak all the same does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chaosmesh.report.frame import cell_words
from chaosmesh.report.words import facts
from tests.unit.report.samples import DEPARTURES, DOWN, ERRORS, LATENCY, cell


@pytest.mark.parametrize(
    ("share", "text"), [(None, "ok 99.8 %"), (0.0, "ok 99.8 %"), (0.3, "fallback 99.8 %")]
)
def test_a_cell_says_who_answered(share: float | None, text: str) -> None:
    assert cell_words(replace(cell(DEPARTURES, ERRORS), fallback=share)) == text


def test_a_weak_cell_is_weak_whoever_answered() -> None:
    weak = cell(DEPARTURES, DOWN, "weak", k=600, reason="success 48 %")
    assert cell_words(replace(weak, fallback=0.5)).startswith("WEAK")
    assert cell_words(replace(cell(DEPARTURES, LATENCY), fallback=1.0)).startswith("fallback 0.3")


def test_json_has_the_share_and_why_nothing_is_predicted() -> None:
    unknown = {"success": None, "amplification": None, "reason": "the retry budget to weather decides"}
    one = replace(cell(DEPARTURES, ERRORS), fallback=0.30001, predicted=unknown)
    assert one.as_json()["fallback"] == 0.3
    assert one.as_json()["predicted"] == unknown
    assert "the retry budget to weather decides" in facts(one.predicted)

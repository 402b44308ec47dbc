"""What a scenario adds is told where a request's way is explained, and is in what `render` prints."""

from __future__ import annotations

import json

import pytest

from chaosmesh.cli.program import run
from tests.conftest import ROOT

EXTENDED = ROOT / "fixtures" / "airport-extended"
WHY = ("--from", "flights-v1")


def printed(capfd: pytest.CaptureFixture[str], *args: object) -> str:
    assert run([str(one) for one in args]) == 0
    return capfd.readouterr().out


def test_why_tells_the_fallback_with_the_place_of_its_rule(capfd: pytest.CaptureFixture[str]) -> None:
    (line,) = [
        one for one in printed(capfd, "why", EXTENDED, *WHY).splitlines() if one.startswith("  fallback")
    ]
    assert "weather-archive when down, failing" in line
    assert f"{EXTENDED}/chaosmesh.yaml:" in line


def test_why_tells_the_retry_budget(capfd: pytest.CaptureFixture[str]) -> None:
    words = ("why", "--scenario", EXTENDED / "retry-budget.yaml", *WHY)
    assert "retry budget  at most 20 % of the calls in flight to weather (1 always)" in printed(capfd, *words)
    found = json.loads(printed(capfd, *words, "--json", "-"))
    (one,) = found["retry_budgets"]
    assert (one["node"], one["percent"], one["at_least"]) == ("weather", 20.0, 1)
    assert one["rule"]["id"] == "retryBudget/weather"
    assert json.loads(printed(capfd, "why", EXTENDED, *WHY, "--json", "-"))["retry_budgets"] == []


def test_render_has_the_cluster_with_the_fallback(capfd: pytest.CaptureFixture[str]) -> None:
    found = json.loads(printed(capfd, "render", EXTENDED, "--node", "flights-v1"))["flights-v1"]
    name = "cds_egress_airport_weather_http_8080_fallback_weather-archive_retry"
    assert name in found["clusters"]
    own, other = found["endpoints"][name]["endpoints"]
    assert (own.get("priority", 0), other["priority"]) == (0, 1)
    assert (len(own["lb_endpoints"]), len(other["lb_endpoints"])) == (2, 1)
    assert "previous_priorities" in json.dumps(found["routes"])


def test_render_has_the_retry_budget(capfd: pytest.CaptureFixture[str]) -> None:
    words = ("render", "--scenario", EXTENDED / "retry-budget.yaml", "--node", "flights-v1")
    found = json.loads(printed(capfd, *words))["flights-v1"]["clusters"]
    (limits,) = found["cds_egress_airport_weather_http_8080"]["circuit_breakers"]["thresholds"]
    assert limits["retry_budget"] == {"budget_percent": {"value": 20.0}, "min_retry_concurrency": 1}
    assert "max_retries" not in limits

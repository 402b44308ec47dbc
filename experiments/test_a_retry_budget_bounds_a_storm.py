"""A retry budget bounds a storm.

Retries are made for a service that fails now and then. When all of it fails, they are what keeps it down: with two
retries three times the calls arrive. `fixtures/airport-extended/retry-budget.yaml` says that of the calls in flight
from `flights` to `weather` at most a fifth are retries:

    retry_budgets:
      - {to: weather, percent: 20, at_least: 1}
"""

import pytest

from chaosmesh import Failed, at_most

BUDGET = "fixtures/airport-extended/retry-budget.yaml"


def storm(mesh):
    """Calls to a weather service that fails altogether, and how many attempts each is worth."""
    weather = mesh.edge("flights-v1", "weather")
    return mesh.load(rate=100, entry="flights-v1").expect(attempts=at_most(2, on=weather))


@pytest.mark.chaosmesh("fixtures/airport", scenario=BUDGET)
def test_a_retry_budget_bounds_what_retries_add(mesh):
    with mesh.edge("flights-v1", "weather").errors(503):
        storm(mesh)


@pytest.mark.chaosmesh("fixtures/airport", scenario=BUDGET)
def test_a_storm_without_a_budget_is_noticed(mesh):
    with mesh.edge("flights-v1", "weather").errors(503), pytest.raises(Failed):
        storm(mesh.without("retryBudget"))

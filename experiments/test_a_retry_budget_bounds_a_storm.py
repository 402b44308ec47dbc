"""A retry budget bounds a storm.

Retries are made for a service that fails now and then. When all of it fails, they are what keeps it down: with two
retries three times the calls arrive. `fixtures/airport-extended/retry-budget.yaml` says that of the calls in flight
from `flights` to `weather` at most a fifth are retries:

    retry_budgets:
      - {to: weather, percent: 20, at_least: 1}
"""

import pytest

from chaosmesh import at_least, at_most


@pytest.mark.chaosmesh("fixtures/airport-extended", scenario="fixtures/airport-extended/retry-budget.yaml")
def test_a_retry_budget_bounds_what_retries_add(mesh):
    weather = mesh.edge("flights-v1", "weather")
    with weather.errors(503):
        mesh.load(rate=150, entry="flights-v1").expect(attempts=at_most(2, on=weather))
        mesh.without("retryBudget").load(rate=50, entry="flights-v1").expect(
            attempts=at_least(2.9, on=weather)
        )

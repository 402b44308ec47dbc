"""The crew gets the new version, passengers divide as before: an A/B test by a header.

Of two routes to `flights` the one with the lower number is asked first. `crew-route` has priority 1, and takes only who
says in a header that he belongs to the crew:

    "headers": [{"name": "x-role", "match": {"exact": "crew"}}]

It leads to `flights-v2` alone. Everybody else goes on to `flights-route`, with priority 10: 80 % to `flights-v1`,
20 % to `flights-v2`. One crew member at `flights-v1` would be one too many, so a single one fails the test.

In `policies/crew-route-the-wrong-way-round.json` somebody inverted the match. Then the crew divides 80 to 20, and all
passengers test the new version.
"""

import pytest

from chaosmesh import Failed, request, weights

USERS = [
    request("/flights/NH10", name="passengers", weight=2),
    request("/flights/NH10", name="crew", headers={"x-role": "crew"}),
]
ALL_NEW = {"flights-v2": 1}
AS_BEFORE = {"flights-v1": 80, "flights-v2": 20}


@pytest.mark.chaosmesh("fixtures/airport")
def test_the_crew_gets_the_new_version_and_passengers_divide_as_before(mesh):
    flights, users = mesh.edge("departures", "flights"), mesh.load(rate=200, mix=USERS)
    users.expect(split=weights(ALL_NEW, of="crew", on=flights, tolerance=0.05))
    users.expect(split=weights(AS_BEFORE, of="passengers", on=flights, tolerance=0.1))


@pytest.mark.chaosmesh("fixtures/airport")
@pytest.mark.parametrize(("cohort", "shares"), [("crew", ALL_NEW), ("passengers", AS_BEFORE)])
def test_a_mix_up_is_noticed_without_the_right_match(mesh, cohort, shares):
    flights = mesh.edge("departures", "flights")
    mixed_up = mesh.updated("experiments/policies/crew-route-the-wrong-way-round.json")
    with pytest.raises(Failed):
        mixed_up.load(rate=200, mix=USERS).expect(split=weights(shares, of=cohort, on=flights, tolerance=0.1))

"""An edge that carries connections (TCP): nothing on it belongs to a request, and every claim about it says so."""

from __future__ import annotations

import pytest

from chaosmesh import at_least, at_most
from chaosmesh.engine.experiment.expected import announced
from chaosmesh.engine.experiment.facts import Facts, Sent
from chaosmesh.engine.experiment.in_force import InForce
from chaosmesh.engine.experiment.judging import decide
from chaosmesh.engine.experiment.names import Named, Path
from chaosmesh.engine.experiment.plan import Plan
from chaosmesh.engine.experiment.questions import Question
from chaosmesh.faults import Latency
from chaosmesh.judge import ALPHA, Verdict, requirement
from chaosmesh.ledger import Ledger
from chaosmesh.load import RequestSpec
from tests.unit.experiment.test_edges import MESH

LINE = Named("front → line", (Path("front", "line"),))
PLAN = Plan("front", (RequestSpec(),), 10.0, "constant", 0)


@pytest.mark.parametrize(
    ("name", "claim"),
    [("attempts", at_most(1.5, on="edge")), ("success", at_least(0.9, on="edge")), ("p99", at_most("1s"))],
)
def test_a_claim_on_connections_is_invalid_and_says_why(name, claim):
    asked = announced([Question(requirement(name, claim), LINE)], MESH, PLAN, (), None, ALPHA)
    facts = Facts(ALPHA, "front", tuple(asked), (Sent(1, True),))
    verdict, reason, _ = decide(Facts.from_json(facts.to_json()), Ledger())
    assert verdict is Verdict.INVALID
    assert "connections (TCP), which belong to no request" in reason


def test_a_fault_on_connections_says_that_nothing_tells_what_met_it():
    fault = InForce("+1s", LINE, (Latency("f", ("front", "line"), 1000),))
    met = fault.met(MESH, lambda _: [])
    assert met.unit == "connection"
    assert "connections (TCP) belong to no request" in met.nothing
    assert not met.may_come

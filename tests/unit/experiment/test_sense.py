"""A claim about a grpc-status where nobody speaks gRPC would hold whatever happens."""

from __future__ import annotations

import pytest

from chaosmesh import at_most, request
from chaosmesh.engine.experiment.names import Named, Path
from chaosmesh.engine.experiment.plan import Plan
from chaosmesh.engine.experiment.questions import Question
from chaosmesh.engine.experiment.sense import speaking
from chaosmesh.errors import UsageError
from chaosmesh.judge import requirement
from tests.unit.experiment.test_edges import MESH

MIX = (request("/a", name="web"), request("/p.S/M", name="rpc", protocol="grpc"))


def ask(service: str = "", *, of: str | None = None, mix=MIX) -> None:
    edge = Named(f"front → {service}", (Path("front", service),)) if service else None
    question = Question(requirement("grpc_unavailable", at_most(0.1, of=of)), edge)
    speaking([question], Plan("front", mix, 100.0, "constant", 0), MESH)


@pytest.mark.parametrize(
    ("refused", "text"),
    [
        (lambda: ask("color"), "no gRPC is spoken there"),
        (lambda: ask("line"), "no gRPC is spoken there"),
        (lambda: ask(of="web"), "the load sends no gRPC request"),
        (lambda: ask(mix=MIX[:1]), "the load sends no gRPC request"),
    ],
)
def test_no_answer_has_a_grpc_status_there(refused, text) -> None:
    with pytest.raises(UsageError, match=text) as error:
        refused()
    assert error.value.hint


def test_where_grpc_is_spoken_it_can_be_claimed() -> None:
    ask("talk")
    ask(of="rpc")
    ask()

"""Questions of a gate around a mesh whose verdicts are written down: an error keeps what was found before it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from chaosmesh.documents.fault_part import FaultPart
from chaosmesh.engine.experiment.inputs import Wanted
from chaosmesh.engine.gate import Item, asking
from chaosmesh.engine.gate.asking import Asking, Question, label
from chaosmesh.engine.gate.part import Shares, Turn
from chaosmesh.errors import LimitExceededError, Where
from chaosmesh.judge import Verdict, at_least


class NoMeshes:
    """Stands where the running meshes are kept."""

    def __init__(self, runs: Path, say: Callable[[str], None]) -> None:
        self.runs, self.say = runs, say

    def close(self) -> list[str]:
        return []


def asked(folder: Path, monkeypatch, *outcomes: Verdict | Exception, until: float | None = None):
    script = dict(zip("abcdef", outcomes, strict=False))

    def ask(self, meshes, question, turn):
        if isinstance(script[question.name], Exception):
            raise script[question.name]
        return Item(question.name, script[question.name], "why")

    monkeypatch.setattr(asking, "Meshes", NoMeshes)
    monkeypatch.setattr(Asking, "_ask", ask)
    questions = [Question(name, Where("f"), {"success": at_least(0.9)}) for name in script]
    part = Asking("slo", Wanted(()), questions, 0, 30.0)
    return part.run(Turn(folder, folder, Shares(2), lambda _: None, until))


def test_an_error_ends_the_part_and_keeps_what_was_found(tmp_path, monkeypatch):
    limit = LimitExceededError("too many errors")
    found = asked(tmp_path, monkeypatch, Verdict.FAIL, limit, Verdict.PASS)
    assert [one.verdict for one in found.items] == [Verdict.FAIL, Verdict.INVALID]
    assert (found.verdict, found.code, found.left_out) == (Verdict.FAIL, 5, ("c",))


def test_what_the_budget_has_no_room_for_is_named(tmp_path, monkeypatch):
    found = asked(tmp_path, monkeypatch, Verdict.PASS, Verdict.PASS, until=0.0)
    assert (found.items, found.left_out, found.verdict) == ((), ("a", "b"), Verdict.INCONCLUSIVE)


def test_all_well(tmp_path, monkeypatch):
    found = asked(tmp_path, monkeypatch, Verdict.PASS, Verdict.PASS)
    assert (found.verdict, found.code, found.reason) == (Verdict.PASS, 0, "")


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"kind": "errors", "status": 503, "share": 0.3, "edge": "a -> b"}, "errors 503 30 % on a → b"),
        ({"kind": "errors", "grpc": "UNAVAILABLE", "edge": "a -> b"}, "errors UNAVAILABLE on a → b"),
        ({"kind": "latency", "delay": "300ms", "edge": "a -> b"}, "latency +300 ms on a → b"),
        ({"kind": "hang", "node": "n", "replica": 0}, "hang on n 0"),
        ({"kind": "down", "external": "db"}, "down on db"),
    ],
)
def test_a_fault_in_words(part, words):
    assert label(FaultPart.model_validate(part)) == words

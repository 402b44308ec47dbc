"""What was done in the page, written as a test; and its verdicts told again from the run folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chaosmesh.engine.folder import digests
from chaosmesh.engine.rejudge import rejudge
from chaosmesh.engine.tower.counted import Counted
from chaosmesh.engine.tower.episodes import Episode
from chaosmesh.engine.tower.export import Origin, export
from chaosmesh.errors import ExitCode, UsageError
from chaosmesh.judge import Counting
from chaosmesh.ledger import Ledger

ORIGIN = Origin("The Airport", ["fixtures/airport"], "appmesh", 7)
FAULT = {
    "kind": "latency",
    "on": {"edge": "a->b.c"},
    "fields": {"ms": 50, "jitter_ms": 0, "stream": "downstream", "replica": None},
    "label": "x",
}
HANG = {"kind": "hang", "on": {"node": "b", "replica": 1}, "fields": {}, "label": "y"}


def counted(n: int, k: int) -> dict[str, object]:
    one = Counted(Counting(1, 0, ""))
    for number in range(n):
        one.add(float(number < k))
    return one.as_json()


def claim(measure: str, bound: str, on: str | None = None, **more: object) -> dict[str, object]:
    usual = {"text": f"{measure} {bound}", "verdict": "fail", "reason": "", "problem": "", "n": 500}
    return {"measure": measure, "bound": bound, "on": on, "evidence": counted(500, 400), **usual, **more}


def episode(*claims: dict[str, object], faults: object = (), changed: object = ()) -> Episode:
    return Episode(1, 0.0, 1.0, 500, 120.0, faults, changed, claims)  # type: ignore[arg-type]


def test_an_episode_becomes_a_test() -> None:
    made = export(
        ORIGIN, [episode(claim("success", "99 %"), claim("attempts", "3.0", "a->b.c"), faults=[FAULT, HANG])]
    )
    assert made.name == "test_the_airport_tower.py"
    compile(made.text, made.name, "exec")
    assert '@pytest.mark.chaosmesh("fixtures/airport", seed=7)' in made.text
    assert '    a_b_c = mesh.edge("a", "b.c")\n    with a_b_c.latency("50ms"):\n' in made.text
    assert (
        '        with mesh.node("b").replica(1).hang():\n            load = mesh.load(rate=120)\n'
        in made.text
    )
    assert 'load.expect(success=at_least("99 %"), attempts=at_most(3, on=a_b_c))' in made.text


def test_a_name_stands_once_in_an_expectation() -> None:
    both = [claim("attempts", "3", one) for one in ("a->b", "b->c")]
    text = export(ORIGIN, [episode(*both)]).text
    assert text.count("load.expect(") == 2


def test_a_changed_policy_is_in_the_test() -> None:
    document = {"meshName": "m", "spec": {"open": True, "none": None}}
    text = export(ORIGIN, [episode(claim("success", "99 %"), changed=[document])]).text
    names: dict[str, object] = {}
    compile(text, "made", "exec")
    body = text[text.index("document = ") : text.index("(tmp_path")]
    exec(body.strip(), names)
    assert names["document"] == document
    assert 'mesh.apply(tmp_path / "changed-1.json")' in text


def test_the_same_again_is_one_test_and_what_was_not_judged_is_none() -> None:
    silent = episode(claim("success", "99 %", n=0), faults=[FAULT])
    text = export(ORIGIN, [episode(claim("success", "99 %")), episode(claim("success", "99 %")), silent]).text
    assert text.count("def test_") == 1


def test_a_mesh_without_documents_has_no_export() -> None:
    with pytest.raises(UsageError, match="no documents"):
        export(Origin("x", [], "appmesh", 0), [])


@pytest.mark.parametrize(("problem", "code"), [("", ExitCode.FAIL), ("the host starved", ExitCode.UNDECIDED)])
def test_verdicts_are_told_again_from_the_folder(tmp_path: Path, problem: str, code: ExitCode) -> None:
    Ledger().write(tmp_path)
    verdict = "invalid" if problem else "fail"
    one = episode(claim("success", "99 %", problem=problem, verdict=verdict)).as_json()
    body = {"schema": "chaosmesh.up/1", "name": "airport", "episodes": [one], "files": digests(tmp_path)}
    (tmp_path / "run.json").write_text(json.dumps(body))
    again = rejudge(tmp_path)
    assert (again.code, again.lines[0].now, again.lines[0].again) == (code, verdict, not problem)
    if not problem:
        assert "80 % of 500 requests" in again.lines[0].reason

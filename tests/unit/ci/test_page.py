"""The examples of docs/ci.md are what they say."""

from __future__ import annotations

import re
from typing import Any

from ruamel.yaml import YAML

from chaosmesh.cli.program import run
from chaosmesh.documents.scenario import load_scenario
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "ci.md").read_text()


def example(start: str) -> str:
    blocks = re.findall(r"```\w+\n(.*?)```", PAGE, re.DOTALL)
    (found,) = [one for one in blocks if one.startswith(start)]
    return found


def yaml(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def test_the_gate_is_a_gate(tmp_path):
    file = tmp_path / "chaosmesh.yaml"
    file.write_text(example("gate:"))
    gate = load_scenario(file).gate
    assert gate is not None
    assert (len(gate.faults), gate.budget, gate.experiments) == (3, 900, ("tests/chaos",))


def test_every_key_of_the_gate_is_told(tmp_path):
    from chaosmesh.documents.gate_part import Gate

    assert [one for one in Gate.model_fields if f"| `{one}` |" not in PAGE] == []


def test_the_plan_is_what_the_airport_s_gate_says(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert run(["gate", "fixtures/airport", "--plan"]) == 0
    assert capsys.readouterr().out == example("gate airport-gate")


def test_the_workflow_gives_the_action_what_it_takes():
    (job,) = yaml(example("jobs:"))["jobs"].values()
    given = set(job["steps"][1]["with"])
    assert given <= set(yaml((ROOT / "action.yml").read_text())["inputs"])


def test_the_hook_is_the_one_that_there_is():
    (repo,) = yaml(example("repos:"))["repos"]
    hooks = {one["id"] for one in yaml((ROOT / ".pre-commit-hooks.yaml").read_text())}
    assert {one["id"] for one in repo["hooks"]} <= hooks

"""A gate is planned before anything is started: every mistake at its place, the error budget dealt out."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaosmesh.cli.program import run
from chaosmesh.engine.experiment.inputs import Wanted
from chaosmesh.engine.gate import Planned, plan_of
from chaosmesh.engine.gate.verifying import Subject
from chaosmesh.engine.inputs import read
from chaosmesh.engine.options import Options
from tests.conftest import ROOT

AIRPORT = ROOT / "fixtures" / "airport"


def scenario(folder: Path, gate: str) -> Path:
    file = folder / "chaosmesh.yaml"
    file.write_text(
        f"name: a\nmesh: [{AIRPORT}/*.json]\nworkloads: {{weather: {{replicas: 2}}}}\ngate:\n  {gate}\n"
    )
    return folder


def planned(folder: Path, gate: str) -> Planned:
    found, told = read([scenario(folder, gate)])
    subject = Subject(found, told)
    return plan_of(subject, Options(), Wanted((folder,)), lambda *_: pytest.fail("nothing runs"))


@pytest.mark.parametrize(
    ("gate", "place", "words"),
    [
        ("budget: 5m", ":4:", "names nothing to run"),
        ("{verify: false}", ":4:", "names nothing to run"),
        ("verify: {onyl: x}", ":5:12", "gate.verify.onyl is an unknown field"),
        ("verify: {only: nothing-like-this}", ":5:", "chooses nothing"),
        ("experiments: [gone.py]", ":5:", "there is no gone.py"),
        ("scenarios: [gone]", ":5:", "gone holds no chaosmesh.yaml"),
        ("slo: {success: 99}", ":5:", "gate.slo.success is 99"),
        ("faults: [{kind: down, edge: a -> b}]", ":5:", "the mesh has nothing called 'a'"),
        ("faults: [{kind: down, edge: weather -> flights}]", ":5:", "the mesh has no edge weather"),
        ("faults: [{kind: hang, node: nobody}]", ":5:", "nothing called 'nobody'"),
        ("faults: [{kind: down, external: db}]", ":5:", "there is no external 'db'"),
        ("faults: [{kind: hang}]", ":5:", "hang without a node"),
        ("faults: [{kind: hang, node: weather, replica: 9}]", ":5:", "weather has no replica 9"),
        ("faults: [{kind: latency}]", ":5:", "latency says too little"),
        ("faults: [{kind: slicer}]", ":5:", "slicer says too little"),
        ("faults: [{kind: errors, grpc: NOPE}]", ":5:", "'NOPE' is no gRPC code"),
        ("faults: [{kind: down, share: 0.5}]", ":5:", "a share of 0.5 would be drawn once per connection"),
        ("faults: [{kind: partition, node: weather}]", ":5:", "--runtime docker"),
        ("{slo: {}, duration: 0s}", ":5:", "gate.duration is 0s"),
        ("budget: 10", ":5:", "has no unit"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_exit_2(tmp_path, capsys, gate, place, words):
    code = run(["gate", str(scenario(tmp_path, gate)), "--runs", str(tmp_path / "runs")])
    shown = capsys.readouterr()
    assert code == 2, shown
    assert f"{tmp_path / 'chaosmesh.yaml'}{place}" in shown.err
    assert words in shown.err
    assert "→" in shown.err
    assert not (tmp_path / "runs").exists()


def test_a_scenario_without_a_gate_says_what_to_write(tmp_path, capsys):
    (tmp_path / "chaosmesh.yaml").write_text(f"mesh: [{AIRPORT}/*.json]\n")
    assert run(["gate", str(tmp_path)]) == 2
    shown = capsys.readouterr().err
    assert "has no gate" in shown
    assert "gate: {verify: true}" in shown


def test_the_plan_is_told_and_nothing_is_started(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(scenario(tmp_path, "{verify: true, slo: {success: 0.9}}"))
    assert run(["gate", "--plan", "--runs", "runs"]) == 0
    shown = capsys.readouterr().out
    assert "gate a-gate: 2 parts one after another" in shown
    assert "at most 1 of 100 gates" in shown
    assert not (tmp_path / "runs").exists()


def test_all_parts_share_one_error_budget(tmp_path):
    (tmp_path / "test_x.py").write_text("")
    (tmp_path / "other").mkdir()
    scenario(tmp_path / "other", "verify: true")
    found = planned(
        tmp_path,
        "{verify: true, experiments: test_x.py, scenarios: other, slo: {success: 0.9},"
        " faults: [{kind: errors}], claims: 200}",
    )
    assert [one.kind for one in found.parts] == ["verify", "experiments", "scenario", "slo", "faults"]
    claims = {one.kind: one.claims for one in found.parts}
    assert claims["experiments"] == 200
    assert claims["verify"] == claims["scenario"] > 20
    assert (claims["slo"], claims["faults"]) == (2, 3 * 2)
    assert sum(found.shares.each * one.claims for one in found.parts) == pytest.approx(0.01)


def test_one_part_is_told_as_one(tmp_path):
    assert planned(tmp_path, "slo: {success: 0.9}").lines()[0] == "gate a-gate: 1 part"


def test_few_claims_leave_some_of_the_budget_over(tmp_path):
    found = planned(tmp_path, "slo: {success: 0.9}")
    assert found.shares.each == 1e-4


def test_a_fault_without_a_place_is_tried_on_every_edge(tmp_path):
    (part,) = planned(
        tmp_path, "faults: [{kind: errors, status: 503, share: 0.3}, {kind: latency, delay: 300ms}]"
    ).parts
    assert list(part.names()) == [
        f"{fault} on {edge}"
        for fault in ("errors 503 30 %", "latency +300 ms")
        for edge in (
            "departures → flights.airport.local",
            "flights-v1 → weather.airport.local",
            "flights-v2 → weather.airport.local",
        )
    ]


def test_amplification_is_asked_where_a_fault_is_on_an_edge(tmp_path):
    gate = "{slo: {amplification: 1.5}, faults: [{kind: errors, edge: departures -> flights}, {kind: hang, node: weather}]}"
    _, faults = planned(tmp_path, gate).parts
    assert faults.claims == 3 + 2


def test_verify_gets_the_share_that_all_claims_leave_it(tmp_path):
    found = planned(tmp_path, "{verify: true, slo: {success: 0.9}, claims: 1}")
    from chaosmesh.engine.verify import Verification

    resources, told = read([tmp_path])
    alone = Verification(resources, told, Options())
    beside = Verification(resources, told, Options(beside=10_000))
    assert found.parts[0].claims == alone.claims
    assert beside.alpha == pytest.approx(0.01 / (10_000 + alone.claims))


def test_the_airport_s_own_gate():
    found, told = read([AIRPORT])
    subject = Subject(found, told)
    parts = plan_of(subject, Options(), Wanted((AIRPORT,)), lambda *_: pytest.fail("nothing runs")).parts
    assert [one.kind for one in parts] == ["verify", "slo", "faults"]

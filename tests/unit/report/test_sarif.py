"""`lint --sarif`: held against the part of the SARIF 2.1.0 schema that we write."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from chaosmesh.appmesh.lint import RULES
from chaosmesh.cli.program import run
from tests.conftest import ROOT

AIRPORT = ROOT / "fixtures" / "airport"
SCHEMA = json.loads((ROOT / "tests" / "schemas" / "sarif.json").read_text())


def log(folder: Path, *words: str, code: int = 0) -> dict:
    file = folder / "out" / "lint.sarif"
    assert run(["lint", *words, "--sarif", str(file)]) == code
    found = json.loads(file.read_text())
    jsonschema.Draft7Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(found)
    return found["runs"][0]


def test_findings_have_their_rule_and_their_place(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    found = log(tmp_path, "fixtures/airport")
    rules = found["tool"]["driver"]["rules"]
    assert {one["id"] for one in rules} == set(RULES)
    assert found["results"]
    for one in found["results"]:
        assert rules[one["ruleIndex"]]["id"] == one["ruleId"]
        place = one["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uriBaseId"] == "SRCROOT"
        lines = (ROOT / place["artifactLocation"]["uri"]).read_text().splitlines()
        assert place["region"]["startLine"] <= len(lines)
    capsys.readouterr()


def test_every_rule_has_a_page_that_is_there():
    for name in RULES:
        assert (ROOT / "docs" / "lint" / f"{name}.md").is_file(), name


def test_what_lies_outside_has_its_whole_address(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    found = log(tmp_path, str(AIRPORT))
    places = [one["locations"][0]["physicalLocation"]["artifactLocation"] for one in found["results"]]
    assert all(one["uri"].startswith("file:///") and "uriBaseId" not in one for one in places)
    capsys.readouterr()


def test_an_error_ends_with_1_and_is_in_the_log(tmp_path, capsys):
    route = json.loads((AIRPORT / "crew-route.json").read_text())
    route["routeName"] = "odd"
    text = json.dumps(route).replace("flights-v2", "gone")
    (tmp_path / "route.json").write_text(text)
    found = log(tmp_path, str(AIRPORT), str(tmp_path / "route.json"), code=1)
    assert "error" in {one["level"] for one in found["results"]}
    capsys.readouterr()


def test_no_findings_is_an_empty_list_and_not_none(tmp_path, capsys):
    (tmp_path / "mesh.json").write_text(json.dumps({"meshName": "m", "spec": {}}))
    assert log(tmp_path, str(tmp_path / "mesh.json"))["results"] == []
    capsys.readouterr()


@pytest.mark.parametrize("missing", ["ruleId", "locations", "message"])
def test_the_schema_refuses_what_is_incomplete(tmp_path, missing, capsys):
    found = log(tmp_path, str(AIRPORT))
    del found["results"][0][missing]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"version": "2.1.0", "runs": [found]}, SCHEMA)
    capsys.readouterr()

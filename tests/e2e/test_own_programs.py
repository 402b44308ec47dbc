"""Programs of one's own, as users of the command meet them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from .command import ROOT, chaosmesh, verified

pytestmark = pytest.mark.e2e
REPORT = ROOT / "tests" / "integration" / "runtime" / "weather_report.py"


def scenario(folder: Path, part: object) -> Path:
    documents = f"['{ROOT}/fixtures/airport/*.json', '{ROOT}/fixtures/concierge/concierge-node.json']"
    small = "  flights-v1: {replicas: 1}\n  flights-v2: {replicas: 1}\n"
    text = f"mesh: {documents}\nentry: concierge\nworkloads:\n  concierge: {json.dumps(part)}\n{small}"
    (folder / "chaosmesh.yaml").write_text(text)
    return folder


def test_the_rules_of_a_mesh_hold_for_a_program_that_knows_nothing_of_it(tmp_path):
    part = {"command": [sys.executable, str(REPORT)], "ready": "/ping"}
    ended, result = verified(tmp_path, scenario(tmp_path, part), "--only", "virtualNode/concierge")
    assert ended.code == 0, ended
    assert {one["verdict"] for one in result["checks"]} == {"pass"}


def test_a_program_that_is_not_there_is_told_with_its_place(tmp_path):
    folder = scenario(tmp_path, {"command": ["no-such-program"]})
    ended = chaosmesh("verify", folder, "--runs", tmp_path / "runs")
    assert ended.code == 2, ended
    assert f"{folder}/chaosmesh.yaml:4:27" in ended.err
    assert "there is no program 'no-such-program'" in ended.err
    assert not (tmp_path / "runs").exists()


def test_a_program_that_ends_is_told_with_its_last_words(tmp_path):
    folder = scenario(tmp_path, {"command": [sys.executable, str(REPORT), "broken"]})
    ended = chaosmesh("verify", folder, "--runs", tmp_path / "runs")
    assert ended.code == 4, ended
    assert "the barometer is broken" in ended.err
    assert "Traceback" not in ended.err


def test_documents_that_name_images_are_answered_for_by_stand_ins(corpus, tmp_path):
    """Nothing changes for whom containers are none of his business; one line tells it."""
    ended, result = verified(
        tmp_path,
        corpus / "walkthroughs" / "howto-http-retries" / "app.yaml",
        "--set",
        "ProjectName=demo",
        "--only",
        "virtualRouter/color-router/route/color-route-blue/match.prefix",
    )
    assert ended.code == 0, ended
    assert [one["verdict"] for one in result["checks"]] == ["pass"]
    line = (
        "stand-ins answer for front-node, blue-node: the documents name images, which --runtime docker runs"
    )
    assert line in ended.out + ended.err


def test_what_a_secret_holds_is_asked_for_before_anything_starts(tmp_path):
    task = {
        "family": "concierge",
        "containerDefinitions": [
            {
                "name": "envoy",
                "image": "aws-appmesh-envoy",
                "environment": [
                    {"name": "APPMESH_RESOURCE_ARN", "value": "mesh/airport/virtualNode/concierge"}
                ],
            },
            {"name": "app", "image": "me/app", "secrets": [{"name": "TOKEN", "valueFrom": "arn:aws:ssm:x"}]},
        ],
    }
    (tmp_path / "task.json").write_text(json.dumps(task, indent=1))
    documents = [
        *(ROOT / "fixtures" / "airport").glob("*.json"),
        ROOT / "fixtures/concierge/concierge-node.json",
    ]
    ended = chaosmesh(
        "verify", *documents, tmp_path / "task.json", "--runtime", "docker", "--runs", tmp_path / "runs"
    )
    assert ended.code == 2, ended
    assert "TOKEN of concierge is kept in a secret" in ended.err
    assert f"{tmp_path / 'task.json'}:18:" in ended.err
    assert not (tmp_path / "runs").exists()

"""The same policy in every format: converted documents run on real sidecars like those they were made from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .command import AIRPORT, chaosmesh, verified

pytestmark = pytest.mark.e2e

FORMATS = ["api-json", "cloudformation", "kubernetes"]


def test_a_template_of_a_kubernetes_walkthrough_takes_effect_on_real_sidecars(
    corpus: Path, tmp_path: Path
) -> None:
    manifest = corpus / "walkthroughs/howto-k8s-retry-policy/v1beta2/manifest.yaml.template"
    bound = ("--set", "APP_NAMESPACE=shop", "--set", "MESH_NAME=shop")
    ended, result = verified(tmp_path, manifest, *bound, "--only", "retryPolicy")
    assert ended.code == 0, ended
    verdicts = {check["id"]: check["verdict"] for check in result["checks"]}
    assert verdicts["virtualRouter/color_shop/route/color-route/retryPolicy.maxRetries"] == "pass"
    assert set(verdicts.values()) == {"pass"}
    assert {check["resource"]["file"] for check in result["checks"]} == {str(manifest)}


@pytest.mark.parametrize("target", FORMATS)
def test_converted_documents_configure_the_same_sidecars(tmp_path: Path, target: str) -> None:
    out = tmp_path / "out"
    ended = chaosmesh("convert", AIRPORT, "--to", target, "--out", out, "--json", "-")
    assert ended.code == 0, ended
    assert json.loads(ended.out)["written"] == sorted(map(str, out.iterdir()))
    before, after = (
        chaosmesh("render", AIRPORT, "--scenario", AIRPORT),
        chaosmesh("render", out, "--scenario", AIRPORT),
    )
    assert before.code == after.code == 0, after
    assert json.loads(after.out) == json.loads(before.out)


def test_a_converted_policy_is_in_force(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert chaosmesh("convert", AIRPORT, "--to", "kubernetes", "--out", out).code == 0
    ended, result = verified(tmp_path, out, "--only", "weather-route/retryPolicy")
    assert ended.code == 0, ended
    assert {check["verdict"] for check in result["checks"]} == {"pass"}
    assert all(check["resource"]["file"].startswith(str(out)) for check in result["checks"])

"""Any mesh that the API's model allows loads, renders, and is taken by Envoy."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings

from chaosmesh.appmesh import load
from chaosmesh.appmesh.translate import translate
from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine.rendering import rendering, static
from chaosmesh.envoy import binary
from tests.anymesh import meshes

pytestmark = pytest.mark.integration

QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


@settings(max_examples=200, deadline=None, suppress_health_check=QUIET, derandomize=True)
@given(meshes())
def test_it_loads_and_renders_under_every_profile(documents: Sequence[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        resources = load([_written(documents, Path(folder))])
        assert sum(1 for _ in resources) == len(documents)
        for profile in ("appmesh", "appmesh-legacy", "envoy"):
            mesh = translate(resources, profile)
            rendered = rendering(mesh, Scenario(), "127.16")
            assert set(rendered) == {one.name for one in mesh.workloads}


@settings(
    max_examples=60, deadline=None, suppress_health_check=QUIET, derandomize=True, phases=[Phase.generate]
)
@given(meshes())
def test_envoy_takes_every_sidecar(documents: Sequence[dict[str, Any]]) -> None:
    assume(all(map(_somewhere, documents)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mesh = translate(load([_written(documents, folder)]))
        configs = static(mesh, Scenario(), "127.16", folder / "static")
        assert configs
        for key, config in configs.items():
            if not key.endswith(".0"):
                continue  # replicas differ by their addresses only
            path = folder / "envoy.json"
            path.write_text(json.dumps(config))
            command = [binary(), "--mode", "validate", "-c", path, "-l", "error"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=120)
            assert done.returncode == 0, f"{key}: {done.stderr}\n{json.dumps(documents)}"


def _somewhere(document: dict[str, Any]) -> bool:
    """A route whose weights are all 0 is refused by Envoy, as it was by App Mesh's; `lint` tells it."""
    route = next((part for kind, part in document.get("spec", {}).items() if kind.endswith("Route")), {})
    targets = route.get("action", {}).get("weightedTargets")
    return targets is None or any(one["weight"] for one in targets)


def _written(documents: Sequence[dict[str, Any]], folder: Path) -> Path:
    path = folder / "mesh.json"
    path.write_text(json.dumps(documents))
    return path

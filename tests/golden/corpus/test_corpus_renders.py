"""Every real document renders, and Envoy takes the configuration of each of its sidecars."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from chaosmesh.appmesh.translate import translate
from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine.rendering import static
from chaosmesh.envoy import binary
from tests.completed import completed
from tests.unit.appmesh.corpus import DOCUMENTS, read


@pytest.mark.parametrize("name", DOCUMENTS)
def test_envoy_takes_every_sidecar(corpus: Path, tmp_path: Path, name: str) -> None:
    resources = read(name)
    mesh = translate(completed(resources))
    own = {*resources.virtual_nodes, *resources.virtual_gateways}
    configs = static(mesh, Scenario(), "127.16", tmp_path)
    assert own <= {key.rpartition(".")[0] for key in configs}
    for key, config in configs.items():
        if not key.endswith(".0"):
            continue  # replicas differ by their addresses only
        path = tmp_path / f"{key}.json"
        path.write_text(json.dumps(config))
        command = [binary(), "--mode", "validate", "-c", path, "-l", "error"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"{key}: {done.stderr}"

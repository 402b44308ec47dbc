"""The files that a Prometheus server starts from."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from chaosmesh.engine.metrics.targets import targets
from chaosmesh.mesh import Mesh
from chaosmesh.runtime.prometheus import files
from tests import meshes

HERE = Path(__file__).parent


def gateway() -> Mesh:
    """A gateway before one service with two nodes."""
    arms = {"blue": 1, "green": 1}
    door = replace(meshes.workload("door", "color"), gateway=True)
    return meshes.mesh(
        [door, *map(meshes.workload, arms)], [meshes.service("color", meshes.route("color", "all", arms))]
    )


def made() -> dict[str, str]:
    mesh = gateway()
    places = meshes.topology(mesh, "127.201", replicas={"blue": 2})
    return files(targets(mesh, places, "127.201.0.3"), 1.0)


def test_the_files_are_what_the_golden_file_says(golden):
    golden(HERE / "files.json", {path: json.loads(text) for path, text in made().items()})


def test_every_scrape_is_as_long_as_the_interval_at_most():
    body = json.loads(files((), 0.25)["prometheus.yml"])
    assert set(body["global"].values()) == {"250ms"}


def test_promtool_takes_the_configuration_and_the_rules(tmp_path: Path):
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: apt-get install prometheus")
    for path, text in made().items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    done = subprocess.run(
        [promtool, "check", "config", tmp_path / "prometheus.yml"],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 rules found" in done.stdout

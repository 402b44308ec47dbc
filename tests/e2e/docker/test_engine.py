"""An engine that goes away while a mesh runs: one clear error, and nothing is left once it is back."""

from __future__ import annotations

from pathlib import Path

import pytest
from docker import DockerClient

from tests.integration.docker.forward import forward

from .test_kill import ALL, victim

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("command", ["up", "verify"])
def test_an_engine_that_goes_away_ends_the_run_with_a_clear_message(
    docker_engine: DockerClient,
    docker_images: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    command: str,
) -> None:
    with forward(tmp_path) as engine:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{engine.path}")
        with victim(docker_engine, tmp_path, command) as one:
            one.until(ALL)
            engine.cut()
            code, err = one.end()
            assert code == 4, err
            assert "Docker engine" in err
            assert "    → " in err
            assert "Traceback" not in err
            with forward(tmp_path):  # it is back, at the same place
                one.gone()

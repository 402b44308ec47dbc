"""Spans and tokens of sidecars in containers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from docker import DockerClient

from ..byhand import REQUEST, asked_by_hand
from ..command import chaosmesh

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("docker_images")]


@pytest.mark.parametrize("kind", ["otel", "xray"])
def test_sidecars_in_containers_send_their_spans(
    tmp_path: Path, docker_engine: DockerClient, kind: str
) -> None:
    folder = asked_by_hand(tmp_path, "--runtime", "docker", "--traces", kind)
    (told,) = json.loads(chaosmesh("trace", folder, REQUEST, "--json", "-").out)
    assert {one["kind"] for one in told["spans"]} == {"ingress", "app", "call", "attempt"}
    assert len(told["spans"]) == 10
    assert not (folder / "logs" / "control-plane.log").exists()

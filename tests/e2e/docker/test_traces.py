"""Spans and tokens of sidecars in containers."""

from __future__ import annotations

import json
import signal
import urllib.request
from pathlib import Path

import pytest
from docker import DockerClient

from ..command import AIRPORT, chaosmesh, start

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("docker_images")]


@pytest.mark.parametrize("kind", ["otel", "xray"])
def test_sidecars_in_containers_send_their_spans(
    tmp_path: Path, docker_engine: DockerClient, kind: str
) -> None:
    with start("up", AIRPORT, "--runtime", "docker", "--runs", tmp_path, "--traces", kind) as process:
        try:
            assert process.stdout is not None
            (entry,) = json.loads(process.stdout.readline())["entry"].values()
            asked = urllib.request.Request(f"{entry}/flights/NH10", headers={"x-request-id": "by-hand-1"})
            with urllib.request.urlopen(asked, timeout=20) as answer:
                assert answer.status == 200
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=120)
            assert process.returncode == 0, err
        finally:
            process.kill()
    (folder,) = tmp_path.glob("*/latest")
    (told,) = json.loads(chaosmesh("trace", folder, "by-hand-1", "--json", "-").out)
    assert {one["kind"] for one in told["spans"]} == {"ingress", "app", "call", "attempt"}
    assert len(told["spans"]) == 10
    assert not (folder / "logs" / "control-plane.log").exists()

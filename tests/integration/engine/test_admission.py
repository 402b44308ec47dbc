"""The control plane of a running mesh, met by somebody who is none of its sidecars."""

from __future__ import annotations

import asyncio
from pathlib import Path

import grpc
import grpc.aio
import pytest

from chaosmesh.documents.scenario import load_scenario
from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.stack import Stack
from chaosmesh.envoy import names
from chaosmesh.envoy.admission import TOKEN
from chaosmesh.envoy.otlp import METHOD
from chaosmesh.runtime.folder import plane
from tests.unit.runtime import meshes

pytestmark = [pytest.mark.integration]


def test_a_stranger_is_refused_and_the_run_folder_says_so(tmp_path: Path) -> None:
    async def body() -> None:
        folder = RunFolder.create(tmp_path, "run")
        async with Stack(meshes.chain(), load_scenario(None), folder, load=False) as stack:
            log = folder.logs / "control-plane.log"
            assert not log.exists()
            socket = names.log_socket(str(plane(stack.run) / "control.sock"))
            async with grpc.aio.insecure_channel(f"unix:{socket}") as channel:
                for _ in range(3):
                    call = channel.unary_unary(METHOD)(b"", metadata=((TOKEN, "782e30.00"),), timeout=20)
                    assert await call.code() is grpc.StatusCode.UNAUTHENTICATED
            (line,) = log.read_text().splitlines()
            assert line.endswith("refused: spans: somebody came with a token that is not of this run")

    asyncio.run(asyncio.wait_for(body(), 120))

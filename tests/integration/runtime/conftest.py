"""Fixtures: a subnet of the test's own, and what must be installed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaosmesh.runtime import lease_subnet
from chaosmesh.runtime.toxiproxy import find
from tests.integration.runtime.speakers import PORTS, Talk, Use, speakers


@pytest.fixture
def subnet() -> Iterator[str]:
    with lease_subnet() as held:
        yield held.name


@pytest.fixture
def toxiproxy() -> str:
    found = find()
    if found is None:
        message = "Toxiproxy is not installed; get it with: chaosmesh setup"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return str(found)


@pytest.fixture
def talk(tmp_path: Path, subnet: str) -> Talk:
    """Talks with stand-ins of a front and a leaf that call each other in the protocols that are named."""

    def run(use: Use, *protocols: str) -> None:
        async def main() -> None:
            async with speakers(tmp_path, subnet, protocols or PORTS) as them:
                await use(them)

        asyncio.run(asyncio.wait_for(main(), 120))

    return run

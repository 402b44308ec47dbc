"""Fixtures of every test that needs the Docker engine; a conftest.py imports them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from docker import DockerClient

from chaosmesh.errors import EnvironmentFailedError
from chaosmesh.runtime.docker import images
from chaosmesh.runtime.docker.engine import connect


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[DockerClient]:
    """A client of the engine."""
    try:
        client = connect()
    except EnvironmentFailedError as error:
        _absent(f"no Docker engine: {error}")
    yield client
    client.close()


@pytest.fixture(scope="session")
def docker_images(docker_engine: DockerClient) -> dict[str, str]:
    """Tags of the images by name; what is missing is built."""
    try:
        return images.build(docker_engine, say=print)
    except EnvironmentFailedError as error:
        _absent(f"the images can't be built: {error}")


def _absent(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)

"""Fixtures: a subnet of the test's own, and what must be installed."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from chaosmesh.runtime import lease_subnet
from chaosmesh.runtime.toxiproxy import find


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

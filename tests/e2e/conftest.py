"""What every test of a whole run needs installed."""

from __future__ import annotations

import os

import pytest

from chaosmesh.runtime.toxiproxy import find


@pytest.fixture(scope="session", autouse=True)
def toxiproxy() -> None:
    if find() is None:
        message = "Toxiproxy is not installed; get it with: chaosmesh setup"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)

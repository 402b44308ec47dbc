"""A Prometheus server is there, or the reason why not."""

from __future__ import annotations

import os

import pytest

from chaosmesh.errors import MissingProgramError
from chaosmesh.runtime.prometheus import require


@pytest.fixture(scope="session", autouse=True)
def prometheus() -> None:
    """Skips where it isn't installed; fails where CI=true."""
    try:
        require()
    except MissingProgramError as error:
        (pytest.fail if os.environ.get("CI", "").lower() == "true" else pytest.skip)(str(error))

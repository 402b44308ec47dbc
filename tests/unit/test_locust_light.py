"""What Locust's process loads of ours: its patched sockets can't live with gRPC."""

from __future__ import annotations

import subprocess
import sys

import pytest

LOADED = """
import locust
import sys
import {module}
heavy = ("grpc", "duckdb", "pyarrow", "chaosmesh.engine", "chaosmesh.appmesh", "chaosmesh.runtime", "chaosmesh.load.process")
print([one for one in heavy if one in sys.modules])
"""


@pytest.mark.parametrize("module", ["chaosmesh.locust", "chaosmesh.web.locust.program"])
def test_nothing_heavy_comes_with_it(module: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", LOADED.format(module=module)], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"

"""The shared bench."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.faults.bench import Bench, started


@pytest.fixture(scope="package")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made, end = started(tmp_path_factory.mktemp("faults"))
    yield made
    end()

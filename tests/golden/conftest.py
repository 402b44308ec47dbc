"""Golden files: what a translator makes of a case, kept beside the case and compared byte for byte.

`pytest tests/golden --update-golden` writes them anew; the difference is then read in review.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Golden = Callable[[Path, Any], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compares plain JSON data with a golden file, or writes the file under `--update-golden`."""
    update = bool(request.config.getoption("--update-golden", default=False))

    def compare(file: Path, data: Any) -> None:
        text = json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        if update:
            file.write_text(text)
            return
        assert file.exists(), f"{file} is missing; write it with --update-golden"
        assert text == file.read_text(), f"{file.name} differs; if that is meant, run with --update-golden"

    return compare

"""Whole outputs kept in `__snapshots__/`; CHAOSMESH_UPDATE_SNAPSHOTS=1 rewrites them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "__snapshots__"


@pytest.fixture
def snapshot() -> Callable[[str, str], None]:
    """Compares a text with the one kept under a name."""

    def compare(name: str, text: str) -> None:
        path = FOLDER / name
        if os.environ.get("CHAOSMESH_UPDATE_SNAPSHOTS"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
        assert path.is_file(), f"{path} is missing; CHAOSMESH_UPDATE_SNAPSHOTS=1 writes it"
        assert text == path.read_text("utf-8")

    return compare

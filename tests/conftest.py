"""Shared fixtures."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT.parent / "shared" / "corpus" / "aws-app-mesh-examples"


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Real App Mesh documents by other people; not part of this repository."""
    if not CORPUS.is_dir():
        pytest.skip(f"the corpus of real App Mesh documents is missing: {CORPUS}")
    return CORPUS

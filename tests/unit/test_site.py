"""The site of the documentation: it builds without a warning, from this checkout alone, and fetches nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from chaosmesh.cli.program import GROUPS
from tests.conftest import ROOT

NOWHERE = "http://127.0.0.1:9"
FETCHED = re.compile(
    r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"?(https?:)?//"
    r"|<link\b(?=[^>]*\brel=\"?(?:stylesheet|preconnect|preload|icon))[^>]*\bhref=\"?(https?:)?//"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    environment = os.environ | {
        "http_proxy": NOWHERE,
        "https_proxy": NOWHERE,
        "no_proxy": "",
        "NO_MKDOCS_2_WARNING": "1",
    }
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


def test_no_page_fetches_anything(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 60
    for page in pages:
        fetched = FETCHED.search(page.read_text())
        assert not fetched, f"{page.relative_to(site)}: {fetched}"


def test_every_page_is_in_the_navigation_or_a_rule_of_lint(site: Path) -> None:
    shown = (site / "index.html").read_text()
    for page in (ROOT / "docs").glob("*.md"):
        assert f'href="{page.stem}.html"' in shown or page.stem == "index", f"mkdocs.yml lacks {page.name}"


def test_every_command_has_its_help(site: Path) -> None:
    text = (site / "reference" / "commands.html").read_text()
    for name in (one for group in GROUPS.values() for one in group):
        assert f"Usage: chaosmesh {name}" in text


def test_the_schema_of_the_scenario_is_there(site: Path) -> None:
    text = (site / "reference" / "scenario.html").read_text()
    assert 'id="loadpart"' in text or 'id="load"' in text
    assert "object Object" not in text


def test_what_experiments_call_is_there_with_its_parameters(site: Path) -> None:
    text = (site / "reference" / "python.html").read_text()
    for name in ("MeshView.without", "MeshView.load", "Edge.errors", "ReplicaOf.remove", "Run"):
        assert re.search(rf'id="chaosmesh\.[\w.]*{re.escape(name)}"', text), name
    load = text[text.index('id="chaosmesh.engine.experiment.view.MeshView.load"') :][:6000]
    assert "arrivals" in load
    assert "Raises Failed" in text

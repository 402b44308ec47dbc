"""The documentation names only what exists: tests, files, commands, flags, targets of make."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from chaosmesh.cli.program import program
from tests.conftest import ROOT

PAGES = sorted(
    page
    for page in (
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / f"{n}.md" for n in ("README", "SECURITY", "CONTRIBUTING")),
    )
    if page.is_file()
)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
TEST = re.compile(r"\b(tests/[\w/.-]+\.py)(?:::(\w+))?")
FLAG = re.compile(r"--[a-z][a-z-]*")
OTHERS = {"--cli-input-json", "--mode", "--require-hashes", "--update-golden"} | {
    *("--class-picker", "--headless", "--master", "--mesh", "--processes", "--requests-per-user", "--worker"),
}
"""Flags of the AWS CLI, Locust with our own, Envoy, pip and of this repository's own tests."""


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text())


def code(page: Path) -> Iterator[str]:
    """Spans of code, and the lines of fenced blocks without their comments."""
    yield from SPAN.findall(prose(page))
    for block in FENCE.findall(page.read_text()):
        for line in block.splitlines()[1:-1]:
            yield re.sub(r"(^|\s)#.*", "", line).removeprefix("$ ").strip()


def commands() -> dict[str, set[str]]:
    """Every command of the program with its flags."""
    context = click.Context(program)
    found: dict[str, set[str]] = {}
    for name in program.list_commands(context):
        command = program.get_command(context, name)
        assert command is not None
        flags = (flag for one in command.params for flag in (*one.opts, *one.secondary_opts))
        found[name] = {"--help", *flags}
    return found


def targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_that_is_named_exists(page: Path) -> None:
    for file, name in TEST.findall(page.read_text()):
        path = ROOT / file
        assert path.is_file(), f"{page.name} names {file}"
        if name:
            assert re.search(rf"^\s*(async )?def {name}\b", path.read_text(), re.MULTILINE), f"{file}::{name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(prose(page)):
        path, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        goal = (page.parent / path).resolve() if path else page
        assert goal.exists(), f"{page.name} links to {link}"
        if anchor:
            assert anchor in anchors(goal), f"{page.name} links to {link}"


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\s-]", "", title).strip().lower().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_and_flag_exists(page: Path, request: pytest.FixtureRequest) -> None:
    known = commands()
    plugin = {f"--{name.replace('_', '-')}" for name in vars(request.config.option)}
    every = set().union(*known.values()) | plugin | OTHERS
    for text in code(page):
        words = text.split()
        if words[:1] == ["chaosmesh"] and len(words) > 1 and re.fullmatch(r"[a-z]+", words[1]):
            assert words[1] in known, f"{page.name}: {text}"
            assert set(FLAG.findall(text)) <= known[words[1]], f"{page.name}: {text}"
        elif words[:1] == ["make"] and len(words) > 1:
            named = {one for one in shlex.split(text)[1:] if re.fullmatch(r"[a-z]+", one)}
            assert named <= targets(), f"{page.name}: {text}"
        elif text.startswith("--"):
            assert set(FLAG.findall(text)) <= every, f"{page.name}: {text}"


def test_no_example_takes_a_measurement_that_says_nothing_for_a_proof() -> None:
    """`Invalid` and `Inconclusive` are assertions, too."""
    examples = [*PAGES, *(ROOT / "experiments").glob("*.py")]
    assert not [page.name for page in examples if "pytest.raises(AssertionError" in page.read_text("utf-8")]

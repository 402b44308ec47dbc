"""What Tab offers for an argument: documents, run folders, names of nodes. Nothing here parses or imports much."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
from click.shell_completion import CompletionItem

_NODE = re.compile(r"""[vV]irtual(?:Node|Gateway)Name["']?\s*:\s*["']?([\w.-]+)""")
_SUFFIXES = {".json", ".yaml", ".yml", ".template", ".tmpl"}
_MOST_FILES = 500
_READABLE_BYTES = 1_000_000


def files(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Files and folders, by the shell's own means."""
    return [CompletionItem(incomplete, type="file")]


def run_folders(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """`runs/NAME/latest` of each name, and its runs once their folder is named; else what the shell finds."""
    found = [path for path in _runs(Path("runs"), incomplete) if path.startswith(incomplete)]
    return [CompletionItem(path) for path in found] or files(ctx, param, incomplete)


def _runs(home: Path, incomplete: str) -> Iterator[str]:
    for name in sorted(home.glob("*/")):
        latest = name / "latest"
        if latest.exists():
            yield str(latest)
        if incomplete.startswith(f"{name}/"):
            yield from sorted(str(run.parent) for run in name.glob("*/run.json") if run.parent != latest)


def nodes(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of virtual nodes and gateways in the documents that the line names so far."""
    names = {
        name for file in _files_of((*ctx.params.get("documents", ()), *ctx.args)) for name in _names(file)
    }
    return [CompletionItem(name) for name in sorted(names) if name.startswith(incomplete)]


def _files_of(documents: tuple[str, ...]) -> Iterator[Path]:
    for document in documents:
        path = Path(document)
        found = path.rglob("*") if path.is_dir() else [path]
        for _, file in zip(range(_MOST_FILES), found, strict=False):
            if file.suffix in _SUFFIXES and file.is_file():
                yield file


def _names(file: Path) -> Iterator[str]:
    try:
        text = file.read_text("utf-8", "replace") if file.stat().st_size <= _READABLE_BYTES else ""
    except OSError:
        return
    yield from _NODE.findall(text)

"""From paths to texts: files, folders and globs, with the files that can't be documents refused early."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chaosmesh.errors import DocumentError, Problem, Where

MAX_BYTES = 10 * 1024 * 1024
SCENARIO_NAME = "chaosmesh.yaml"
_SUFFIXES = {".json", ".yaml", ".yml", ".template", ".tmpl"}
_SKIPPED = {"node_modules", "__pycache__", "runs"}


@dataclass(frozen=True, slots=True)
class Source:
    """A path as the user gave it, with the name, parent and variables that hold for this path alone."""

    path: str | Path
    name: str | None = None
    parent: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Text:
    """One file's text. `searched`: found in a folder, so it may be something else than a document."""

    file: str
    text: str
    searched: bool


def files(path: str | Path) -> Iterator[tuple[Path, bool]]:
    """The files behind a path, each with whether it was searched for. Folders are read with their subfolders."""
    given = Path(path)
    if given.is_dir():
        for one in sorted(given.rglob("*")):
            inside = one.relative_to(given).parts
            if (
                one.is_file()
                and one.suffix in _SUFFIXES
                and not any(p in _SKIPPED or p[0] == "." for p in inside)
            ):
                yield one, True
    elif given.exists() or not glob.has_magic(str(path)):
        yield given, False
    else:
        found = [Path(one) for one in sorted(glob.glob(str(path), recursive=True))]  # noqa: PTH207 (the pattern may be absolute)
        if not found:
            raise DocumentError(
                [
                    Problem(
                        Where(str(path)), "no file matches this pattern", "quote it, and look at the folder"
                    )
                ]
            )
        for one in found:
            if one.is_file():
                yield one, True


def read_text(path: Path) -> str:
    """The text of a file (DocumentError if it is missing, empty, binary or too large; nothing is parsed before)."""
    file = str(path)
    where = Where(file)
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise DocumentError(
                [Problem(where, f"the file has {size / 2**20:.0f} MB; documents may have 10 MB", "split it")]
            )
        raw = path.read_bytes()
    except FileNotFoundError:
        raise DocumentError([Problem(where, "there is no such file", _near(path))]) from None
    except OSError as error:
        raise DocumentError(
            [Problem(where, f"can't be read: {error.strerror}", "look at its permissions")]
        ) from None
    if not raw.strip():
        raise DocumentError([Problem(where, "the file is empty", "give a document, or leave the file out")])
    return _decode(raw, where)


def _decode(raw: bytes, where: Where) -> str:
    hint = "documents are JSON or YAML in UTF-8"
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line, column = before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1
        place = Where(where.file, line, column)
        raise DocumentError([Problem(place, "binary, or not UTF-8: no document", hint)]) from None
    if "\x00" in text:
        raise DocumentError([Problem(where, "binary, or not UTF-8: no document", hint)])
    return text


def _near(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"the folder {folder} does not exist either"
    names = sorted(one.name for one in folder.iterdir() if one.suffix in _SUFFIXES)
    return f"in {folder} there are: {', '.join(names[:8])}" if names else f"{folder} holds no documents"

"""A summary from its file. What is wrong with it is one error with file, line and column."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chaosmesh.engine.summary import SCHEMA, Host, Summary
from chaosmesh.engine.summary_items import Item
from chaosmesh.errors import DocumentError, Problem, Where

HINT = "a summary is the summary.json of a run folder (`chaosmesh history DIR --add RUN`)"
KINDS = ("check", "cell", "claim")

_ITEM_FIELDS = frozenset(one.name for one in fields(Item))


def read_summary(file: Path) -> Summary:
    """The summary that a file holds; DocumentError for anything else."""
    text = _text(file)
    try:
        body = json.loads(text)
    except json.JSONDecodeError as error:
        where = Where(str(file), error.lineno, error.colno)
        raise DocumentError([Problem(where, f"is no JSON: {error.msg}", HINT)]) from error
    if not isinstance(body, dict) or body.get("schema") != SCHEMA:
        seen = body.get("schema") if isinstance(body, dict) else type(body).__name__
        raise _wrong(file, text, "schema", f"is no {SCHEMA} (found {seen!r})")
    return _summary(file, text, body)


def _summary(file: Path, text: str, body: Mapping[str, Any]) -> Summary:
    for name, kind in (("name", str), ("at", str), ("kind", str), ("verdict", str), ("items", list)):
        if not isinstance(body.get(name), kind):
            raise _wrong(file, text, name, f"{name} is missing or no {kind.__name__}")
    try:
        at = datetime.fromisoformat(body["at"])
    except ValueError as error:
        raise _wrong(file, text, "at", f"at is no time: {body['at']!r}") from error
    host = body.get("host") or {}
    try:
        return Summary(
            name=body["name"],
            at=(at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC),
            kind=body["kind"],
            folder=str(body.get("folder", "")),
            verdict=body["verdict"],
            exit=int(body.get("exit", 0)),
            duration_s=float(body.get("duration_s") or 0.0),
            seed=body.get("seed"),
            runtime=str(body.get("runtime", "")),
            profile=str(body.get("profile", "")),
            versions=dict(body.get("versions") or {}),
            host=Host(
                host.get("cores"), tuple(host.get("load") or ()), host.get("starved"), host.get("late")
            ),
            policy=str(body.get("policy") or ""),
            items=tuple(_item(file, text, one) for one in body["items"]),
        )
    except (TypeError, ValueError, AttributeError) as error:
        raise _wrong(file, text, "", f"is damaged: {error}") from error


def _item(file: Path, text: str, body: Any) -> Item:
    if not isinstance(body, dict) or not isinstance(body.get("id"), str):
        raise _wrong(file, text, "items", "an item has no id")
    name = body["id"]
    if body.get("kind") not in KINDS or not isinstance(body.get("verdict"), str):
        raise _wrong(file, text, name, f"{name}: kind or verdict is missing or unknown")
    known = {key: value for key, value in body.items() if key in _ITEM_FIELDS and value is not None}
    for key in ("k", "n"):
        if key in known and (not isinstance(known[key], int) or known[key] < 0):
            raise _wrong(file, text, name, f"{name}: {key} is no count: {known[key]!r}")
    if known.get("k", 0) > known.get("n", known.get("k", 0)):
        raise _wrong(file, text, name, f"{name}: {known['k']} of {known['n']}")
    within = known.get("in_time")
    return Item(**{"text": name, **known, "in_time": tuple(within) if within else None})


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DocumentError([Problem(Where(str(file)), f"can't be read: {error}", HINT)]) from error


def _wrong(file: Path, text: str, word: str, message: str) -> DocumentError:
    """An error at the line that holds a key or an id; at the first where there is none."""
    found = re.search(re.escape(json.dumps(word, ensure_ascii=False)), text) if word else None
    before = text[: found.start()] if found else ""
    where = Where(str(file), before.count("\n") + 1, len(before) - before.rfind("\n") if found else 1)
    return DocumentError([Problem(where, message, HINT)])

"""The 38 operations: which method and path means which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote

from chaosmesh.appmesh.api.failures import ApiError, bad_request
from chaosmesh.documents import KINDS

Verb = Literal["Create", "Describe", "Update", "Delete", "List", "TagResource", "UntagResource", "ListTags"]

PREFIX = "v20190125"
READS: tuple[Verb, ...] = ("Describe", "List", "ListTags")

_COLLECTION: dict[str, Verb] = {"PUT": "Create", "GET": "List"}
_ITEM: dict[str, Verb] = {"GET": "Describe", "PUT": "Update", "DELETE": "Delete"}
_TAGS: dict[str, tuple[str, Verb]] = {
    "tags": ("GET", "ListTags"),
    "tag": ("PUT", "TagResource"),
    "untag": ("PUT", "UntagResource"),
}


@dataclass(frozen=True, slots=True)
class Call:
    """One call: the operation, the names of its path, its query and its JSON body."""

    verb: Verb
    kind: str = ""
    mesh: str | None = None
    parent: str | None = None
    name: str | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def operation(self) -> str:
        """The operation's name in the API model."""
        if self.verb == "ListTags":
            return "ListTagsForResource"
        if not self.kind:
            return self.verb
        word = self.kind[0].upper() + self.kind[1:]
        return f"{self.verb}{plural(word) if self.verb == 'List' else word}"


def plural(word: str) -> str:
    """Of a kind's word."""
    return f"{word}es" if word.lower() == "mesh" else f"{word}s"


def routed(method: str, target: str) -> Call:
    """The call that a request line means, its body still empty.

    Raises ApiError: UnknownOperation for a path or method that is none of the API, BadRequest for a query
    that can't be read.
    """
    path, _, query = target.partition("?")
    steps = [_decoded(one) for one in path.split("/")[1:]]
    pairs = _query(query)
    if steps[:1] == [PREFIX]:
        if len(steps) == 2 and steps[1] in _TAGS:
            expected, verb = _TAGS[steps[1]]
            return Call(_verb({expected: verb}, method, path), query=pairs)
        call = _resource(method, path, steps[1:], pairs)
        if call:
            return call
    raise ApiError("UnknownOperationException", f"{method} {path} is no operation of App Mesh")


def _resource(method: str, path: str, steps: list[str], query: Mapping[str, str]) -> Call | None:
    for kind in KINDS.values():
        shape = _shape(kind.word)
        if len(steps) not in (len(shape), len(shape) + 1):
            continue
        if any(own not in ("", step) for own, step in zip(shape, steps, strict=False)):
            continue
        item = len(steps) > len(shape)
        verb = _verb(_ITEM if item else _COLLECTION, method, path)
        inner = [step for own, step in zip(shape, steps, strict=False) if not own]
        mesh, parent = (*inner, None, None)[:2]
        name = steps[-1] if item else None
        return Call(verb, kind.word, name if kind.word == "mesh" else mesh, parent, name, query)
    return None


def _shape(kind: str) -> list[str]:
    """Steps of the collection's path; "" where a name stands."""
    if kind == "mesh":
        return ["meshes"]
    parent = KINDS[kind].parent
    return ["meshes", "", *([parent, ""] if parent else []), plural(kind)]


def _verb(verbs: Mapping[str, Verb], method: str, path: str) -> Verb:
    if method not in verbs:
        raise ApiError(
            "UnknownOperationException",
            f"{path} takes {' and '.join(verbs)}, not {method}",
            status=405,
        )
    return verbs[method]


def _decoded(step: str) -> str:
    try:
        return unquote(step, errors="strict")
    except UnicodeDecodeError:
        raise bad_request(f"the path holds {step}, which is not UTF-8") from None


def _query(text: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=50))
    except (UnicodeDecodeError, ValueError):
        raise bad_request("the query can't be read") from None

"""What the calls answer: the shapes of the API model, and the pages of lists."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from chaosmesh.appmesh.api.failures import ApiError, bad_request
from chaosmesh.appmesh.api.operations import Call, plural
from chaosmesh.appmesh.api.records import Account, Id, Record, State, mesh_id
from chaosmesh.documents import KINDS

PAGE = 100  # results of a list that names no limit, and the most it may name
TAG_PAGE = 50

T = TypeVar("T")


def described(id_: Id, record: Record, account: Account, status: str = "ACTIVE") -> dict[str, Any]:
    """One resource as Create, Describe, Update and Delete answer it."""
    return {
        **_names(id_),
        "spec": record.resource.spec.plain(),
        "metadata": {**_times(id_, record, account), "uid": record.uid},
        "status": {"status": status},
    }


def _names(id_: Id) -> dict[str, str]:
    names = {"meshName": id_.mesh, KINDS[id_.kind].name_key: id_.name}
    parent_key = KINDS[id_.kind].parent_key
    return {**names, parent_key: id_.parent} if parent_key and id_.parent is not None else names


def _times(id_: Id, record: Record, account: Account) -> dict[str, Any]:
    return {
        "arn": id_.arn(account),
        "createdAt": record.created,
        "lastUpdatedAt": record.updated,
        "meshOwner": account.id,
        "resourceOwner": account.id,
        "version": record.version,
    }


def read(state: State, call: Call, account: Account) -> dict[str, Any]:
    """The answer of a Describe, List or ListTags call. Raises ApiError."""
    if call.verb == "ListTags":
        return _tags(state, call, account)
    if call.verb == "List":
        return _list(state, call, account)
    id_ = target(call)
    return described(id_, found(state, id_), account)


def target(call: Call) -> Id:
    """The resource that a call's path names."""
    return Id(call.mesh or "", call.kind, call.parent, call.name or "")


def found(state: State, id_: Id) -> Record:
    """The record of a resource; NotFound names the outermost thing that is missing."""
    for one in (mesh_id(id_.mesh), id_.owner, id_):
        if one not in state.records:
            raise ApiError("NotFoundException", f"there is no {one.title}")
    return state.records[id_]


def by_arn(state: State, call: Call, account: Account) -> Id:
    """The resource that the query's `resourceArn` names."""
    arn = call.query.get("resourceArn")
    if not arn:
        raise bad_request("resourceArn is required in the query")
    if not arn.startswith("arn:"):
        raise bad_request(f"resourceArn {arn!r} is no ARN")
    for one in state.records:
        if one.arn(account) == arn:
            return one
    raise ApiError("NotFoundException", f"there is no resource {arn}")


def _list(state: State, call: Call, account: Account) -> dict[str, Any]:
    if call.kind == "mesh":
        ids = [mesh_id(one) for one in sorted(state.meshes())]
    else:
        owner = Id(call.mesh or "", call.kind, call.parent, "").owner
        found(state, owner)
        ids = state.inside(owner, call.kind)
    scope = [call.operation, call.mesh, call.parent]
    page = _page(ids, lambda one: one.name, scope, call.query, PAGE)
    items = [{**_names(one), **_times(one, state.records[one], account)} for one in page[0]]
    return _paged(plural(call.kind), items, page[1])


def _tags(state: State, call: Call, account: Account) -> dict[str, Any]:
    id_ = by_arn(state, call, account)
    tags = sorted(state.records[id_].tags.items())
    page = _page(tags, lambda one: one[0], [call.operation, id_.arn(account)], call.query, TAG_PAGE)
    return _paged("tags", [{"key": key, "value": value} for key, value in page[0]], page[1])


def _paged(word: str, items: list[dict[str, Any]], token: str | None) -> dict[str, Any]:
    return {word: items, "nextToken": token} if token else {word: items}


def _page(
    items: Sequence[T],
    name: Callable[[T], str],
    scope: list[str | None],
    query: Mapping[str, str],
    most: int,
) -> tuple[list[T], str | None]:
    """A page of items sorted by name, and the token of the next. A token belongs to one list alone."""
    limit = _limit(query, most)
    after = _after(query.get("nextToken"), scope)
    rest = [one for one in items if after is None or name(one) > after]
    page = rest[:limit]
    token = _token([*scope, name(page[-1])]) if len(rest) > limit else None
    return page, token


def _limit(query: Mapping[str, str], most: int) -> int:
    text = query.get("limit")
    if text is None:
        return most
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most):
        raise bad_request(f"limit is {text!r} and must be a whole number from 1 to {most}")
    return int(text)


def _token(scope: list[str | None]) -> str:
    return base64.urlsafe_b64encode(json.dumps(scope).encode()).decode()


def _after(token: str | None, scope: list[str | None]) -> str | None:
    if token is None:
        return None
    try:
        read = json.loads(base64.b64decode(token, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        read = None
    if not isinstance(read, list) or read[:-1] != scope or not isinstance(read[-1], str):
        raise bad_request("nextToken is not one of this list; leave it out to start at the beginning")
    return read[-1]

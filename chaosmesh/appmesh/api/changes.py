"""What a call changes: one state in, the next one and the answer out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from chaosmesh.appmesh.api import bodies, rules, views
from chaosmesh.appmesh.api.failures import ApiError
from chaosmesh.appmesh.api.operations import Call
from chaosmesh.appmesh.api.records import Account, Answered, Id, Quotas, Record, State
from chaosmesh.appmesh.resources import Resource
from chaosmesh.appmesh.spec import MODELS
from chaosmesh.errors import Where

TOKENS = 1000  # client tokens that are remembered; the oldest are forgotten


@dataclass(frozen=True, slots=True)
class Setting:
    """What a change needs besides the state. `now` in epoch seconds; `uid` makes the id of what is new."""

    account: Account
    quotas: Quotas
    now: float
    uid: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Change:
    """The state after a call, and what the call answers."""

    state: State
    answer: Mapping[str, Any]


def changed(state: State, call: Call, setting: Setting) -> Change:
    """The change that a Create, Update, Delete or tag call asks for. Raises ApiError if it is refused."""
    if call.verb == "Create":
        return _create(state, call, setting)
    if call.verb == "Update":
        return _update(state, call, setting)
    if call.verb == "Delete":
        return _delete(state, call, setting)
    return _tag(state, call, setting)


def _create(state: State, call: Call, setting: Setting) -> Change:
    body = bodies.created(call.kind, call.body)
    mesh = body.name if call.kind == "mesh" else call.mesh or ""
    id_ = Id(mesh, call.kind, call.parent, body.name)
    replayed = _replayed(state, call, body.client_token, id_)
    if replayed:
        return replayed
    tags = bodies.pairs(body.tags)
    if call.kind != "mesh":
        views.found(state, id_.owner)
    if id_ in state.records:
        raise ApiError("ConflictException", f"{id_.title} is there already; update it")
    rules.check_quota(state, id_, setting.quotas)
    resource = _resource(state, id_, body.spec, setting)
    record = Record(resource, setting.uid(), setting.now, setting.now, tags=tags)
    return _answered(state, call, body.client_token, id_, record, setting)


def _update(state: State, call: Call, setting: Setting) -> Change:
    body = bodies.updated(call.kind, call.body)
    id_ = views.target(call)
    replayed = _replayed(state, call, body.client_token, id_)
    if replayed:
        return replayed
    record = views.found(state, id_)
    record = replace(
        record,
        resource=_resource(state, id_, body.spec, setting),
        updated=setting.now,
        version=record.version + 1,
    )
    return _answered(state, call, body.client_token, id_, record, setting)


def _resource(state: State, id_: Id, spec: Any, setting: Setting) -> Resource:
    """The resource with a spec, after every rule."""
    spec = MODELS[id_.kind]() if spec is None else spec
    rules.check_spec(id_.kind, spec)
    rules.check_backends(spec, setting.quotas)
    resource = Resource(
        id_.kind, id_.name, id_.parent, rules.filled(id_.kind, spec), Where(id_.arn(setting.account))
    )
    rules.check_references(state, id_.mesh, resource)
    rules.check_ports(state, id_, spec)
    return resource


def _delete(state: State, call: Call, setting: Setting) -> Change:
    id_ = views.target(call)
    record = views.found(state, id_)
    rules.check_unused(state, id_)
    if call.kind != "mesh":
        record = replace(record, updated=setting.now, version=record.version + 1)
    answer = views.described(id_, record, setting.account, "DELETED")
    records = {one: kept for one, kept in state.records.items() if one != id_}
    tokens = {key: one for key, one in state.tokens.items() if one.id != id_}
    return Change(State(records, tokens), answer)


def _tag(state: State, call: Call, setting: Setting) -> Change:
    id_ = views.by_arn(state, call, setting.account)
    record = state.records[id_]
    if call.verb == "UntagResource":
        gone = bodies.tag_keys(call.body)
        tags = {key: value for key, value in record.tags.items() if key not in gone}
    else:
        tags = {**record.tags, **bodies.tags(call.body)}
    if len(tags) > bodies.MAX_TAGS:
        raise ApiError(
            "TooManyTagsException",
            f"{id_.title} would have {len(tags)} tags; {bodies.MAX_TAGS} are allowed, none was added",
        )
    return Change(_with(state, id_, replace(record, tags=tags)), {})


def _with(state: State, id_: Id, record: Record) -> State:
    return replace(state, records={**state.records, id_: record})


def _answered(
    state: State, call: Call, token: str | None, id_: Id, record: Record, setting: Setting
) -> Change:
    answer = views.described(id_, record, setting.account)
    after = _with(state, id_, record)
    if token:
        used = {**state.tokens, (call.operation, token): Answered(id_, _fingerprint(call), answer)}
        while len(used) > TOKENS:
            del used[next(iter(used))]
        after = replace(after, tokens=used)
    return Change(after, answer)


def _replayed(state: State, call: Call, token: str | None, id_: Id) -> Change | None:
    """The first answer again, where the same call came before with the same token."""
    used = state.tokens.get((call.operation, token)) if token else None
    if used is None:
        return None
    if used.id != id_ or used.fingerprint != _fingerprint(call):
        raise ApiError(
            "ConflictException",
            f"the client token {token} was used for another {call.operation} ({used.id.title})",
        )
    return Change(state, used.answer)


def _fingerprint(call: Call) -> str:
    return json.dumps({k: v for k, v in call.body.items() if k != "clientToken"}, sort_keys=True)

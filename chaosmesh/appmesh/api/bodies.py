"""The bodies of the calls as models: names, specs, tokens and tags, with the rules of the API model."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError, create_model

from chaosmesh.appmesh.api.failures import ApiError, bad_request, with_hint
from chaosmesh.appmesh.spec import MODELS, Spec
from chaosmesh.appmesh.spec.base import Text
from chaosmesh.documents import KINDS
from chaosmesh.documents.explain import explain, meant

MAX_TAGS = 50
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,36}")


def _word(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} may hold letters, digits, hyphens and underscores only")
    return name


def _token(token: str) -> str:
    if not _TOKEN.fullmatch(token):
        raise ValueError("a client token has 1 to 36 letters, digits, hyphens and underscores")
    return token


ResourceName = Annotated[Text, Field(min_length=1, max_length=255), AfterValidator(_word)]
ServiceName = Annotated[Text, Field(min_length=1)]


class Tag(Spec):
    """One tag."""

    key: Annotated[Text, Field(min_length=1, max_length=128)]
    value: Annotated[Text, Field(max_length=256)]


class Tags(Spec):
    """Body of TagResource; how many tags a resource may have is told by the error for that."""

    tags: tuple[Tag, ...]


class TagKeys(Spec):
    """Body of UntagResource."""

    tag_keys: Annotated[
        tuple[Annotated[Text, Field(min_length=1, max_length=128)], ...], Field(max_length=MAX_TAGS)
    ]


class Update(Spec):
    """Body of an Update call; `spec` is added per kind."""

    client_token: Annotated[Text, AfterValidator(_token)] | None = None


class Create(Update):
    """Body of a Create call; `spec` and the name are added per kind."""

    tags: Annotated[tuple[Tag, ...], Field(max_length=MAX_TAGS)] | None = None


def _field(kind: str) -> tuple[Any, Any]:
    model: Any = MODELS[kind]
    return (model | None, None) if kind == "mesh" else (model, ...)


def _name_type(kind: str) -> Any:
    return ServiceName if kind == "virtualService" else ResourceName


_UPDATES: dict[str, type[Update]] = {
    kind: create_model(f"Update_{kind}", __base__=Update, spec=_field(kind)) for kind in KINDS
}
_CREATES: dict[str, type[Create]] = {
    kind: create_model(
        f"Create_{kind}",
        __base__=Create,
        spec=_field(kind),
        name=(_name_type(kind), Field(alias=KINDS[kind].name_key)),
    )
    for kind in KINDS
}
_NAMES = {kind: create_model(f"Name_{kind}", __base__=Spec, name=(_name_type(kind), ...)) for kind in KINDS}


def created(kind: str, body: Mapping[str, Any]) -> Any:
    """The body of a Create call: `name`, `spec`, `client_token`, `tags`. Raises ApiError with all problems."""
    return _checked(_CREATES[kind], body)


def updated(kind: str, body: Mapping[str, Any]) -> Any:
    """The body of an Update call: `spec`, `client_token`. Raises ApiError with all problems."""
    if KINDS[kind].name_key in body:
        raise bad_request(f"{KINDS[kind].name_key} stands in the path; the name of a {kind} can't change")
    return _checked(_UPDATES[kind], body)


def tags(body: Mapping[str, Any]) -> dict[str, str]:
    """The tags of TagResource."""
    given = _checked(Tags, body).tags
    if len(given) > MAX_TAGS:
        raise ApiError(
            "TooManyTagsException", f"tags has {len(given)} entries; {MAX_TAGS} are allowed, none was added"
        )
    return pairs(given)


def tag_keys(body: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys of UntagResource."""
    keys: tuple[str, ...] = _checked(TagKeys, body).tag_keys
    return keys


def pairs(given: tuple[Tag, ...] | None) -> dict[str, str]:
    """Tags by key; the same key twice is refused."""
    found: dict[str, str] = {}
    for one in given or ():
        if one.key in found:
            raise bad_request(f"tags: the key {one.key!r} stands there twice")
        found[one.key] = one.value
    return found


def named(kind: str, name: str) -> None:
    """Checks a name that stands in the path."""
    try:
        _NAMES[kind].model_validate({"name": name})
    except ValidationError as error:
        raise bad_request(_problems(error, _NAMES[kind]).replace("name", KINDS[kind].name_key, 1)) from None


def parsed(body: bytes) -> dict[str, Any]:
    """The JSON object of a body; an empty body is an empty object."""
    try:
        read = json.loads(body.decode() or "{}", parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise bad_request(f"the body is not JSON: {error}") from None
    if not isinstance(read, dict):
        raise bad_request("the body must be a JSON object")
    return read


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON number")


def _checked(model: type[Spec], body: Mapping[str, Any]) -> Any:
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise bad_request(_problems(error, model)) from None


def _problems(error: ValidationError, model: type[Spec]) -> str:
    found = (explain(one, model) for one in meant(error.errors(include_url=False)))
    return "; ".join(with_hint(message, hint) for message, hint in found)

"""The API against the service's own model: every operation is there, every answer fits, every constraint holds.

Plain HTTP, because AWS clients check a call before they send it and would hide what the server lets through.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chaosmesh.appmesh.api import Store
from tests.integration.appmesh_api.serving import Raw, served
from tests.integration.appmesh_api.shapes import (
    MODEL,
    NAME,
    answer_shape,
    at,
    broken,
    misfits,
    places,
    put,
    sample,
)

pytestmark = pytest.mark.integration

ARN = f"arn:aws:appmesh:us-east-1:123456789012:mesh/{NAME}"
BASE = f"/v20190125/meshes/{NAME}"
ORDER = ("Mesh", "VirtualNode", "VirtualRouter", "Route", "VirtualService", "VirtualGateway", "GatewayRoute")


@pytest.fixture(scope="module")
def raw() -> Iterator[Raw]:
    """A mesh with one resource of each kind, all of one name."""
    with served(Store()) as url:
        ask = Raw(url)
        for kind in ORDER:
            method, target, body = request(f"Create{kind}")
            status, _, content = ask(method, target, body)
            assert status == 200, content
        yield ask


def members(operation: str, location: str | None) -> dict[str, Any]:
    shape = MODEL.operation_model(operation).input_shape
    return {n: one for n, one in shape.members.items() if one.serialization.get("location") == location}


def request(operation: str, forced: tuple[str | int, ...] = (), **names: str) -> tuple[str, str, Any]:
    """Method, target and body of the smallest call that fits the model and holds what is at `forced`."""
    model = MODEL.operation_model(operation)
    uri = model.http["requestUri"]
    for name in members(operation, "uri"):
        uri = uri.replace(f"{{{name}}}", names.get(name, NAME))
    if "resourceArn" in members(operation, "querystring"):
        uri += f"?resourceArn={ARN}"
    inner = members(operation, None)
    wanted = {one for one in inner if one in model.input_shape.required_members} | set(forced[:1])
    body = {
        one: sample(inner[one], forced[1:] if forced[:1] == (one,) else (), one) for one in sorted(wanted)
    }
    return model.http["method"], uri, body if inner else None


def test_all_38_operations_are_there(raw: Raw):
    assert len(MODEL.operation_names) == 38
    for operation in MODEL.operation_names:
        status, headers, content = raw(*request(operation, meshName="none"))
        assert headers.get("x-amzn-errortype") != "UnknownOperationException", operation
        assert headers["content-type"] == "application/json"
        assert headers["x-amzn-requestid"]
        if status == 200:
            assert misfits(answer_shape(operation), json.loads(content)) == [], operation


@pytest.mark.parametrize(
    "operation", [one for one in MODEL.operation_names if not one.startswith(("Create", "Delete"))]
)
def test_an_answer_fits_its_shape(raw: Raw, operation: str):
    status, _, content = raw(*request(operation))
    assert status == 200, content
    read = json.loads(content)
    assert misfits(answer_shape(operation), read, operation) == []
    if operation.startswith("List") and operation != "ListTagsForResource":
        assert len(next(iter(read.values()))) == 1


def test_create_and_delete_answer_their_shapes():
    with served(Store()) as url:
        ask = Raw(url)
        for verb, kinds in (("Create", ORDER), ("Delete", ORDER[::-1])):
            for kind in kinds:
                status, _, content = ask(*request(f"{verb}{kind}"))
                assert status == 200, content
                assert misfits(answer_shape(f"{verb}{kind}"), json.loads(content), kind) == []


def spec_paths(operation: str) -> list[tuple[str | int, ...]]:
    return [path for name, shape in members(operation, None).items() for path, _ in places(shape, (name,))]


@pytest.mark.parametrize("operation", [f"Update{kind}" for kind in ORDER])
def test_whatever_fits_the_model_is_taken_and_answered_as_it_was_sent(raw: Raw, operation: str):
    for number, path in enumerate(spec_paths(operation)):
        method, target, body = request(operation, path)
        body["clientToken"] = f"{operation}-{number}"
        status, _, content = raw(method, target, body)
        assert status == 200, (path, body, content)
        read = json.loads(content)
        assert misfits(answer_shape(operation), read, operation) == []
        assert at({"spec": without_port(read["spec"])}, ()) == {"spec": without_port(body.get("spec", {}))}, (
            path
        )


def without_port(spec: dict[str, Any]) -> dict[str, Any]:
    """A health check's port is filled in by the service."""
    bare: dict[str, Any] = json.loads(json.dumps(spec))
    for listener in bare.get("listeners", ()):
        listener.get("healthCheck", {}).pop("port", None)
    return bare


def breaches(operation: str) -> Iterator[tuple[str, tuple[str | int, ...], Any]]:
    """Every rule of every member of an operation's body, broken once: what, where, the body."""
    for name, member in members(operation, None).items():
        for path, shape in places(member, (name,)):
            if path == ("clientToken",):
                continue  # the model only says text; its documentation's rule has a test of its own
            _, _, body = request(operation, path)
            for rule, bad in broken(shape, at(body, path)):
                yield rule, path, put(body, path, bad)
    for name in members(operation, None):
        if name in MODEL.operation_model(operation).input_shape.required_members:
            _, _, body = request(operation)
            yield f"required {name}", (name,), {key: one for key, one in body.items() if key != name}


WITH_BODY = [one for one in MODEL.operation_names if members(one, None)]


@pytest.mark.parametrize("operation", WITH_BODY)
def test_every_constraint_of_a_body_holds(raw: Raw, operation: str):
    count = 0
    for rule, path, body in breaches(operation):
        method, target, _ = request(operation)
        status, kind, message = raw.refused(method, target, body)
        expected = (
            "TooManyTagsException"
            if (operation, rule, path) == ("TagResource", "max", ("tags",))
            else "BadRequestException"
        )
        assert (status, kind) == (400, expected), (rule, path, body, message)
        words = [str(one) for one in path if isinstance(one, str)]
        assert any(one in message for one in words) or "tags" in message, (rule, path, message)
        count += 1
    assert count > 5


@pytest.mark.parametrize("operation", MODEL.operation_names)
def test_every_constraint_of_a_path_and_a_query_holds(raw: Raw, operation: str):
    for name, shape in members(operation, "uri").items():
        for rule, bad in broken(shape, NAME):
            if rule in {"min", "max"}:
                method, target, body = request(operation, **{name: bad})
                assert raw.refused(method, target, body)[:2] == (400, "BadRequestException"), (name, rule)
    method, target, body = request(operation)
    for name, shape in members(operation, "querystring").items():
        if name == "resourceArn":
            assert raw.refused(method, target.partition("?")[0], body)[1] == "BadRequestException"
            continue
        good = "1" * 12 if name == "meshOwner" else "1"
        for rule, bad in broken(shape, good):
            if rule in {"min", "max", "fraction"}:
                url = f"{target}{'&' if '?' in target else '?'}{name}={bad}"
                status, kind, message = raw.refused(method, url, body)
                assert (status, kind) == (400, "BadRequestException"), (name, rule)
                assert name in message


@pytest.mark.parametrize(
    ("method", "target", "body", "status", "kind"),
    [
        ("GET", "/", None, 404, "UnknownOperationException"),
        ("POST", "/v20190125/meshes", {}, 405, "UnknownOperationException"),
        ("PATCH", BASE, {}, 405, "UnknownOperationException"),
        ("PUT", "/v20190125/meshes", b"{", 400, "BadRequestException"),
        ("PUT", "/v20190125/meshes", b"\xff", 400, "BadRequestException"),
        ("PUT", "/v20190125/meshes", b"[" * 200_000, 400, "BadRequestException"),
        ("PUT", "/v20190125/meshes", b" " * 1_100_000, 400, "BadRequestException"),
        ("GET", "/v20190125/meshes/%ff", None, 400, "BadRequestException"),
        ("GET", "/v20190125/../v20190125/meshes", None, 404, "UnknownOperationException"),
    ],
)
def test_what_no_client_would_send(raw: Raw, method: str, target: str, body: Any, status: int, kind: str):
    assert raw.refused(method, target, body)[:2] == (status, kind)

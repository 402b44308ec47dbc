"""moto answers 32 of the 38 operations too: the same calls must have answers of the same shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from chaosmesh.appmesh.api import Store
from tests.integration.appmesh_api.mesh import CREATES, names
from tests.integration.appmesh_api.serving import client, served

pytestmark = pytest.mark.integration

THEIRS = {
    "serviceDiscovery": "moto answers an empty one for a mesh that was given none; a document keeps what it says"
}
"""Members of moto's answers that ours have not, with the reason."""


def calls() -> Iterator[tuple[str, dict[str, Any]]]:
    """Create, describe, update, list and delete of all that moto knows: no virtual service, no untagging."""
    known = [(kind, arguments) for kind, arguments in CREATES if kind != "virtual_service"]
    for kind, arguments in known:
        yield f"create_{kind}", arguments
        yield f"describe_{kind}", names(arguments)
        yield f"update_{kind}", {key: one for key, one in arguments.items() if key != "tags"}
    yield "list_meshes", {}
    for word in ("nodes", "routers", "gateways"):
        yield f"list_virtual_{word}", {"meshName": "m"}
    yield "list_routes", {"meshName": "m", "virtualRouterName": "r"}
    yield "list_gateway_routes", {"meshName": "m", "virtualGatewayName": "g"}
    yield "list_tags_for_resource", {}
    for kind, arguments in reversed(known):
        yield f"delete_{kind}", names(arguments)


def shape(value: Any) -> Any:
    """Keys and types; of a list its first item."""
    if isinstance(value, dict):
        kept = {
            key: one for key, one in value.items() if key != "ResponseMetadata" and (key not in THEIRS or one)
        }
        return {key: shape(one) for key, one in kept.items()}
    if isinstance(value, list):
        return [shape(one) for one in value[:1]]
    return type(value).__name__


def asked(api: Any, service: Callable[[str], None]) -> dict[str, Any]:
    """The shape of every answer. `service` makes and ends the virtual service that a gateway route needs."""
    found: dict[str, Any] = {}
    arn = ""
    for operation, arguments in calls():
        if operation == "create_gateway_route":
            service("create")
        if operation == "list_tags_for_resource":
            arguments = {"resourceArn": arn}
        answer = getattr(api, operation)(**arguments)
        if operation == "create_mesh":
            arn = answer["mesh"]["metadata"]["arn"]
        if operation == "delete_gateway_route":
            service("delete")
        found[f"{operation} {list(names(arguments).values())}"] = shape(answer)
    return found


def test_the_same_calls_have_answers_of_the_same_shape(monkeypatch: pytest.MonkeyPatch):
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(key, "none")
    with mock_aws():
        theirs = asked(boto3.client("appmesh", region_name="us-east-1"), lambda _: None)
    with served(Store()) as url:
        api = client(url)

        def service(verb: str) -> None:
            (arguments,) = (one for kind, one in CREATES if kind == "virtual_service")
            getattr(api, f"{verb}_virtual_service")(**(arguments if verb == "create" else names(arguments)))

        ours = asked(api, service)
    assert list(ours) == list(theirs)
    for call, own in ours.items():
        assert own == theirs[call], call

"""boto3 as the client: its own parameter checks, parsers, exceptions and paginators."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from chaosmesh.appmesh.api import Quotas, Store
from tests.integration.appmesh_api.mesh import CREATES, TAGS, names
from tests.integration.appmesh_api.serving import Published, client, served

pytestmark = pytest.mark.integration


@pytest.fixture
def api() -> Iterator[Any]:
    with served(Store(quotas=Quotas(gateways=10))) as url:
        yield client(url)


def filled(api: Any) -> Any:
    for kind, arguments in CREATES:
        getattr(api, f"create_{kind}")(**arguments)
    return api


def payload(kind: str) -> str:
    first, *rest = kind.split("_")
    return first + "".join(one.title() for one in rest)


def test_everything_is_created_described_updated_and_deleted(api: Any):
    for kind, arguments in CREATES:
        made = getattr(api, f"create_{kind}")(**arguments)[payload(kind)]
        seen = getattr(api, f"describe_{kind}")(**names(arguments))[payload(kind)]
        assert made == seen
        assert seen["spec"] == arguments["spec"]
        assert abs(datetime.now(UTC) - seen["metadata"]["createdAt"]).total_seconds() < 300
    for kind, arguments in CREATES:
        update = {key: one for key, one in arguments.items() if key != "tags"}
        changed = getattr(api, f"update_{kind}")(**update)[payload(kind)]
        assert (changed["metadata"]["version"], changed["spec"]) == (2, arguments["spec"])
    for kind, arguments in reversed(CREATES):
        gone = getattr(api, f"delete_{kind}")(**names(arguments))[payload(kind)]
        assert gone["status"] == {"status": "DELETED"}
    assert api.list_meshes()["meshes"] == []


def test_exceptions_are_the_clients_own(api: Any):
    filled(api)
    node = {"meshName": "m", "virtualNodeName": "a"}
    with pytest.raises(api.exceptions.NotFoundException, match="no virtualNode gone in mesh m"):
        api.describe_virtual_node(meshName="m", virtualNodeName="gone")
    with pytest.raises(api.exceptions.ConflictException):
        api.create_virtual_node(**node, spec={})
    with pytest.raises(api.exceptions.ResourceInUseException, match="virtualRouter/r/route/http"):
        api.delete_virtual_node(**node)
    with pytest.raises(api.exceptions.ForbiddenException):
        api.describe_virtual_node(**node, meshOwner="210987654321")
    listener = {"portMapping": {"port": 1, "protocol": "http"}, "timeout": {"tcp": {}}}
    with pytest.raises(api.exceptions.BadRequestException, match="is for tcp, the listener speaks http"):
        api.update_virtual_node(**node, spec={"listeners": [listener]})
    arn = api.describe_mesh(meshName="m")["mesh"]["metadata"]["arn"]
    with pytest.raises(api.exceptions.TooManyTagsException):
        api.tag_resource(resourceArn=arn, tags=[{"key": f"k{number}", "value": ""} for number in range(49)])
    for number in range(14):
        api.create_mesh(meshName=f"m{number}")
    with pytest.raises(api.exceptions.LimitExceededException) as caught:
        api.create_mesh(meshName="more")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert caught.value.response["ResponseMetadata"]["RequestId"]


LISTS: dict[str, tuple[str, dict[str, str]]] = {
    "list_meshes": ("meshes", {}),
    "list_virtual_nodes": ("virtualNodes", {"meshName": "m"}),
    "list_virtual_routers": ("virtualRouters", {"meshName": "m"}),
    "list_virtual_services": ("virtualServices", {"meshName": "m"}),
    "list_virtual_gateways": ("virtualGateways", {"meshName": "m"}),
    "list_routes": ("routes", {"meshName": "m", "virtualRouterName": "r"}),
    "list_gateway_routes": ("gatewayRoutes", {"meshName": "m", "virtualGatewayName": "g"}),
    "list_tags_for_resource": ("tags", {"resourceArn": "arn:aws:appmesh:us-east-1:123456789012:mesh/m"}),
}


def test_every_list_has_a_paginator_that_sees_all(api: Any):
    filled(api)
    for place, (kind, arguments) in enumerate(CREATES):
        own = list(names(arguments))[-1]
        for number in range(3):
            getattr(api, f"create_{kind}")(**{**arguments, own: f"more-{place}-{number}"})
    for operation, (word, arguments) in LISTS.items():
        whole = getattr(api, operation)(**arguments)
        assert "nextToken" not in whole
        pages = list(api.get_paginator(operation).paginate(**arguments, PaginationConfig={"PageSize": 1}))
        assert [one for page in pages for one in page[word]] == whole[word]
        assert len(pages) == len(whole[word]) >= 2


def test_tags(api: Any):
    filled(api)
    arn = api.describe_virtual_node(meshName="m", virtualNodeName="b")["virtualNode"]["metadata"]["arn"]
    assert api.list_tags_for_resource(resourceArn=arn)["tags"] == TAGS
    api.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "1"}])
    api.untag_resource(resourceArn=arn, tagKeys=["owner"])
    assert api.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "a", "value": "1"}, TAGS[1]]


def test_the_policy_that_runs_is_what_was_sent():
    published = Published()
    with served(Store(), published) as url:
        filled(client(url))
    assert len(published) == len(CREATES)
    last = published[-1]
    assert (last.mesh_name, len(list(last)), last.dangling()) == ("m", len(CREATES), [])
    assert last.routes["r", "http"].spec.http_route.retry_policy.max_retries == 2


def test_an_unsigned_call_is_answered_like_a_signed_one():
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config

    with served(Store()) as url:
        config = Config(signature_version=UNSIGNED)
        api = boto3.client("appmesh", endpoint_url=url, region_name="eu-west-1", config=config)
        assert api.create_mesh(meshName="m")["mesh"]["metadata"]["version"] == 1

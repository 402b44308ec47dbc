"""A mesh from nothing and back with the AWS CLI, every answer held against the service's own model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chaosmesh.appmesh.api import Store
from tests.integration.appmesh_api.awscli import Aws
from tests.integration.appmesh_api.mesh import CREATES, ROUTES, TAGS, B, names
from tests.integration.appmesh_api.serving import Published, served
from tests.integration.appmesh_api.shapes import MODEL, misfits

pytestmark = pytest.mark.integration

M = {"mesh_name": "m"}
NODE_A = {**M, "virtual_node_name": "a"}
NODE_B = {**M, "virtual_node_name": "b"}
ROUTER = {**M, "virtual_router_name": "r"}
ROUTE = {**ROUTER, "route_name": "http"}
GATEWAY = {**M, "virtual_gateway_name": "g"}
MOST = 60


def fits(command: str, answer: Any) -> Any:
    """The answer, once it has the shape of the command's operation. The CLI prints the output structure whole."""
    operation = "".join(one.title() for one in command.split("-"))
    shape = MODEL.operation_model(operation).output_shape
    assert misfits(shape, answer, operation) == []
    return answer


def dashed(kind: str) -> str:
    return kind.replace("_", "-")


@pytest.mark.timeout(900)  # a call is a process: a second each, several on a crowded host
def test_a_mesh_from_nothing_and_back(tmp_path: Path):
    published = Published()
    with served(Store(), published) as url:
        aws = Aws(url, tmp_path)
        create(aws)
        describe(aws)
        lists(aws)
        tags(aws)
        assert published[-1].routes["r", "http"].spec.priority == 1
        update(aws)
        assert published[-1].routes["r", "http"].spec.priority == 7
        wrong(aws)
        delete(aws)
    assert list(published[-1]) == []
    assert aws.calls <= MOST


def create(aws: Aws) -> None:
    for kind, arguments in CREATES:
        command = f"create-{dashed(kind)}"
        (made,) = fits(command, aws(command, cli_input_json=arguments)).values()
        assert (made["spec"], made["metadata"]["version"]) == (arguments["spec"], 1)
    aws.refused("ConflictException", "create-mesh", **M)


def describe(aws: Aws) -> None:
    for kind, arguments in dict(CREATES).items():
        command = f"describe-{dashed(kind)}"
        (seen,) = fits(command, aws(command, **names(arguments))).values()
        assert seen["spec"] == arguments["spec"]
        assert seen["status"] == {"status": "ACTIVE"}
    said = aws.refused("NotFoundException", "describe-virtual-node", **M, virtual_node_name="gone")
    assert "there is no virtualNode gone in mesh m" in said


def lists(aws: Aws) -> None:
    expected: dict[str, tuple[dict[str, str], list[str]]] = {
        "list-meshes": ({}, ["m"]),
        "list-virtual-nodes": (M, ["a", "b"]),
        "list-virtual-routers": (M, ["r"]),
        "list-virtual-services": (M, ["b.local"]),
        "list-virtual-gateways": (M, ["g"]),
        "list-routes": (ROUTER, sorted(ROUTES)),
        "list-gateway-routes": (GATEWAY, ["in"]),
    }
    for command, (arguments, there) in expected.items():
        answer = fits(command, aws(command, **arguments, page_size="1"))
        ((items),) = answer.values()
        own = f"{next(iter(answer))[:-1]}Name" if command != "list-meshes" else "meshName"
        assert [one[own] for one in items] == there
    first = aws("list-routes", "--no-paginate", **ROUTER, limit="2")
    rest = aws("list-routes", "--no-paginate", **ROUTER, next_token=first["nextToken"])
    assert [one["routeName"] for one in (*first["routes"], *rest["routes"])] == sorted(ROUTES)
    aws.refused("BadRequestException", "list-routes", "--no-paginate", **ROUTER, next_token="invented")


def tags(aws: Aws) -> None:
    arn = "arn:aws:appmesh:us-east-1:123456789012:mesh/m"
    assert aws("tag-resource", "--tags", "key=a,value=1", resource_arn=arn) in (None, {})
    assert aws("untag-resource", "--tag-keys", "owner", resource_arn=arn) in (None, {})
    answer = fits("list-tags-for-resource", aws("list-tags-for-resource", resource_arn=arn))
    assert answer == {"tags": [{"key": "a", "value": "1"}, TAGS[1]]}


def update(aws: Aws) -> None:
    other = {kind: arguments for kind, arguments in CREATES if kind != "route"}
    for kind, arguments in other.items():
        command = f"update-{dashed(kind)}"
        (changed,) = fits(command, aws(command, **names(arguments), spec=arguments["spec"])).values()
        assert (changed["spec"], changed["metadata"]["version"]) == (arguments["spec"], 2)
    spec = {**ROUTES["http"], "priority": 7}
    answer = fits("update-route", aws("update-route", **ROUTE, spec=spec, client_token="once"))
    assert answer["route"]["spec"] == spec
    assert aws("update-route", **ROUTE, spec=spec, client_token="once") == answer
    aws.refused("ConflictException", "update-route", **ROUTE, spec=ROUTES["http"], client_token="once")


def wrong(aws: Aws) -> None:
    listener = {"portMapping": {"port": 80, "protocol": "http"}, "timeout": {"tcp": {}}}
    said = aws.refused(
        "BadRequestException", "update-virtual-node", **NODE_B, spec={**B, "listeners": [listener]}
    )
    assert "timeout is for tcp, the listener speaks http" in said
    said = aws.refused("BadRequestException", "update-route", **ROUTE, spec={"priority": 1})
    assert "exactly one of httpRoute" in said
    action = {"weightedTargets": [{"virtualNode": "gone", "weight": 1}]}
    spec = {"tcpRoute": {"action": action}}
    assert "virtualNode gone" in aws.refused("NotFoundException", "update-route", **ROUTE, spec=spec)
    aws.refused("ForbiddenException", "describe-mesh", **M, mesh_owner="210987654321")


def delete(aws: Aws) -> None:
    aws.refused("ResourceInUseException", "delete-mesh", **M)
    aws.refused("ResourceInUseException", "delete-virtual-node", **NODE_A)
    aws.refused("ResourceInUseException", "delete-virtual-router", **ROUTER)
    for kind, arguments in reversed(CREATES):
        command = f"delete-{dashed(kind)}"
        (gone,) = fits(command, aws(command, **names(arguments))).values()
        assert gone["status"] == {"status": "DELETED"}
    assert aws("list-meshes") == {"meshes": []}

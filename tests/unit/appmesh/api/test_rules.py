"""What a call may say: bodies, names, queries, pages, tags, rules across fields."""

from __future__ import annotations

from typing import Any

import pytest

from chaosmesh.appmesh.api import ApiError
from chaosmesh.appmesh.api.bodies import parsed
from chaosmesh.appmesh.api.operations import routed
from tests.unit.appmesh.api.asking import HTTP, NODE, ROUTER, Asking, gateway_route, route, whole

ARN = "arn:aws:appmesh:us-east-1:123456789012:mesh/m"
TWO = {"listeners": [HTTP, {"portMapping": {"port": 9090, "protocol": "http"}}]}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"spec": NODE}, "virtualNodeName is required"),
        ({"virtualNodeName": "n"}, "spec is required"),
        ({"virtualNodeName": "", "spec": NODE}, "virtualNodeName is empty"),
        ({"virtualNodeName": "n" * 256, "spec": NODE}, "virtualNodeName is too long: at most 255"),
        ({"virtualNodeName": "a b", "spec": NODE}, "letters, digits, hyphens and underscores"),
        ({"virtualNodeName": 7, "spec": NODE}, "virtualNodeName is 7 and must be text"),
        (
            {"virtualNodeName": "n", "spec": {"listener": []}},
            "listener is an unknown field (did you mean listeners?)",
        ),
        ({"virtualNodeName": "n", "spec": NODE, "name": "n"}, "name is an unknown field"),
        ({"virtualNodeName": "n", "spec": NODE, "clientToken": "x" * 37}, "a client token has 1 to 36"),
        ({"virtualNodeName": "n", "spec": NODE, "tags": [{"key": "k"}]}, "value is required"),
        ({"virtualNodeName": "n", "spec": {"listeners": [HTTP]}}, "serviceDiscovery is required"),
        (
            {
                "virtualNodeName": "n",
                "spec": {**NODE, "listeners": [{"portMapping": {"port": 0, "protocol": "x"}}]},
            },
            "port is 0 and must be at least 1",
        ),
        (
            {
                "virtualNodeName": "n",
                "spec": {**NODE, "listeners": [{**HTTP, "connectionPool": {"tcp": {"maxConnections": 1}}}]},
            },
            "connectionPool is for tcp, the listener speaks http",
        ),
        (
            {"virtualNodeName": "n", "spec": {**NODE, "listeners": [{**HTTP, "timeout": {"grpc": {}}}]}},
            "timeout is for grpc, the listener speaks http",
        ),
    ],
)
def test_a_bad_body_is_told_by_field_and_rule(body: dict[str, Any], said: str):
    assert said in Asking().mesh().refused("BadRequestException", "PUT", "meshes/m/virtualNodes", body)


def test_every_problem_is_told_at_once():
    body = {
        "virtualNodeName": "a b",
        "spec": {"listeners": [{"portMapping": {"port": 70000, "protocol": "udp"}}]},
    }
    said = Asking().mesh().refused("BadRequestException", "PUT", "meshes/m/virtualNodes", body)
    assert all(word in said for word in ("virtualNodeName", "port is 70000", "'udp'"))


def test_names_do_not_change():
    ask = whole()
    said = ask.refused(
        "BadRequestException", "PUT", "meshes/m/virtualNodes/a", {"virtualNodeName": "c", "spec": NODE}
    )
    assert "the name of a virtualNode can't change" in said


@pytest.mark.parametrize("prefix", ["/aws-appmesh", "/aws-appmeshX", "/aws-app-mesh/x"])
def test_prefixes_that_are_reserved(prefix: str):
    ask = whole()
    path = "meshes/m/virtualGateway/g/gatewayRoutes/in"
    for match in ({"prefix": prefix}, {"path": {"exact": prefix}}):
        spec = gateway_route("s.local", **match)
        if "path" in match:
            del spec["httpRoute"]["match"]["prefix"]
        assert "reserved" in ask.refused("BadRequestException", "PUT", path, {"spec": spec})
    ask(
        "PUT", "meshes/m/virtualRouter/r/routes/x", {"spec": route("a", prefix=prefix)}
    )  # of routes nothing is said


def test_a_grpc_service_that_is_reserved():
    target = {"target": {"virtualService": {"virtualServiceName": "s.local"}}}
    spec = {"grpcRoute": {"match": {"serviceName": "aws.appmesh"}, "action": target}}
    whole().refused(
        "BadRequestException", "PUT", "meshes/m/virtualGateway/g/gatewayRoutes/in", {"spec": spec}
    )


def test_a_router_with_several_listeners_needs_ports_in_its_routes():
    ask = whole()
    assert "match.port is required" in ask.refused(
        "BadRequestException", "PUT", "meshes/m/virtualRouters/r", {"spec": TWO}
    )
    ask("PUT", "meshes/m/virtualRouter/r/routes/x", {"spec": route("a", port=8080)})
    ask("PUT", "meshes/m/virtualRouters/r", {"spec": TWO})
    body = {"routeName": "y", "spec": route("a")}
    assert "route y" in ask.refused("BadRequestException", "PUT", "meshes/m/virtualRouter/r/routes", body)
    ask("PUT", "meshes/m/virtualRouters/r", {"spec": ROUTER})


def test_pages_are_stable_whatever_comes_and_goes_meanwhile():
    ask = Asking().mesh()
    for name in "dbeca":
        ask.put("virtualNode", name, NODE)
    path = "meshes/m/virtualNodes"
    first = ask("GET", path, limit=2)
    assert [one["virtualNodeName"] for one in first["virtualNodes"]] == ["a", "b"]
    ask("DELETE", f"{path}/b")
    ask.put("virtualNode", "aa", NODE)
    second = ask("GET", path, limit=2, nextToken=first["nextToken"])
    assert [one["virtualNodeName"] for one in second["virtualNodes"]] == ["c", "d"]
    last = ask("GET", path, limit=1, nextToken=second["nextToken"])
    assert [one["virtualNodeName"] for one in last["virtualNodes"]] == ["e"]
    assert "nextToken" not in last


def test_a_list_has_a_hundred_results_at_most():
    ask = Asking().mesh()
    for number in range(101):
        ask.put("virtualNode", f"n{number}", NODE)
    page = ask("GET", "meshes/m/virtualNodes")
    assert len(page["virtualNodes"]) == 100
    rest = ask("GET", "meshes/m/virtualNodes", nextToken=page["nextToken"])
    assert [one["virtualNodeName"] for one in rest["virtualNodes"]] == ["n99"]


@pytest.mark.parametrize("limit", ["0", "101", "x", "", "-1", "1.0", "١", "9" * 5000])
def test_a_limit_out_of_range(limit: str):
    said = whole().refused("BadRequestException", "GET", "meshes/m/virtualNodes", limit=limit)
    assert "from 1 to 100" in said


@pytest.mark.parametrize("token", ["", "x", "!!!", "W10=", "bnVsbA==", "é"])
def test_a_token_that_nobody_gave(token: str):
    assert "nextToken" in whole().refused(
        "BadRequestException", "GET", "meshes/m/virtualNodes", nextToken=token
    )


def test_a_token_belongs_to_its_list():
    ask = whole()
    token = ask("GET", "meshes/m/virtualNodes", limit=1)["nextToken"]
    ask.refused("BadRequestException", "GET", "meshes/m/virtualRouters", nextToken=token)
    ask.refused("BadRequestException", "GET", "tags", resourceArn=ARN, nextToken=token)


def tag(**tags: str) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def test_tags_are_added_replaced_listed_and_taken_off():
    ask = Asking()
    ask("PUT", "meshes", {"meshName": "m", "tags": tag(b="1", a="2")})
    version = ask("GET", "meshes/m")["metadata"]["version"]
    assert ask("PUT", "tag", {"tags": tag(b="3", c="")}, resourceArn=ARN) == {}
    assert ask("GET", "tags", resourceArn=ARN) == {"tags": tag(a="2", b="3", c="")}
    page = ask("GET", "tags", resourceArn=ARN, limit=2)
    assert ask("GET", "tags", resourceArn=ARN, nextToken=page["nextToken"]) == {"tags": tag(c="")}
    assert ask("PUT", "untag", {"tagKeys": ["a", "b", "never"]}, resourceArn=ARN) == {}
    assert ask("GET", "tags", resourceArn=ARN) == {"tags": tag(c="")}
    assert ask("GET", "meshes/m")["metadata"]["version"] == version
    ask("DELETE", "meshes/m")
    ask.refused("NotFoundException", "GET", "tags", resourceArn=ARN)


def test_a_resource_has_fifty_tags_at_most():
    ask = Asking()
    many = tag(**{f"k{number}": "" for number in range(51)})
    ask.refused("BadRequestException", "PUT", "meshes", {"meshName": "m", "tags": many})
    ask("PUT", "meshes", {"meshName": "m", "tags": many[:50]})
    ask.refused("TooManyTagsException", "PUT", "tag", {"tags": tag(more="")}, resourceArn=ARN)
    ask("PUT", "tag", {"tags": tag(k0="new")}, resourceArn=ARN)
    ask.refused("TooManyTagsException", "PUT", "tag", {"tags": many}, resourceArn=ARN)
    ask.refused("BadRequestException", "GET", "tags", resourceArn=ARN, limit=51)


def test_tags_that_are_refused():
    ask = whole()
    ask.refused("NotFoundException", "PUT", "tag", {"tags": []}, resourceArn=f"{ARN}x")
    ask.refused("BadRequestException", "PUT", "tag", {"tags": []}, resourceArn="m")
    ask.refused("BadRequestException", "PUT", "tag", {"tags": []})
    ask.refused("BadRequestException", "PUT", "tag", {"tags": [*tag(k=""), *tag(k="")]}, resourceArn=ARN)
    ask.refused("BadRequestException", "PUT", "untag", {"tagKeys": [""]}, resourceArn=ARN)
    ask.refused("BadRequestException", "PUT", "untag", {"tagKeys": ["k"] * 51}, resourceArn=ARN)


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/v20181001/meshes", 404),
        ("GET", "/v20190125", 404),
        ("GET", "/v20190125/meshes/m/virtualRouters/r/routes", 404),
        ("GET", "/v20190125/meshes/m/nodes", 404),
        ("GET", "/v20190125/meshes/m/virtualNodes/a/", 404),
        ("POST", "/v20190125/meshes", 405),
        ("DELETE", "/v20190125/meshes", 405),
        ("PUT", "/v20190125/tags?resourceArn=x", 405),
    ],
)
def test_paths_and_methods_of_nothing(method: str, target: str, status: int):
    with pytest.raises(ApiError) as caught:
        routed(method, target)
    assert (caught.value.kind, caught.value.status) == ("UnknownOperationException", status)


def test_names_in_paths_are_decoded_once():
    call = routed("GET", "/v20190125/meshes/m/virtualServices/a%2Fb%2525?meshOwner=1%32")
    assert (call.operation, call.name, call.query) == (
        "DescribeVirtualService",
        "a/b%25",
        {"meshOwner": "12"},
    )
    for target in ("/v20190125/meshes/%ff", "/v20190125/meshes?limit=%ff"):
        with pytest.raises(ApiError, match=r"UTF-8|can't be read"):
            routed("GET", target)


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"null", b"\xff", b'{"a": NaN}', b"[" * 100_000, b'"x"', b"{} {}"]
)
def test_bodies_that_are_no_json_objects(body: bytes):
    with pytest.raises(ApiError) as caught:
        parsed(body)
    assert caught.value.kind == "BadRequestException"


def test_an_empty_body_is_an_empty_object():
    assert parsed(b"") == {}

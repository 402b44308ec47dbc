"""The store: metadata, versions, references, deletion, idempotence, quotas."""

from __future__ import annotations

from typing import Any

import pytest

from chaosmesh.appmesh.api import Quotas, Store, running
from chaosmesh.appmesh.resources import Resource, Resources
from chaosmesh.appmesh.spec import VirtualNodeSpec
from chaosmesh.errors import Where
from tests.unit.appmesh.api.asking import (
    GATEWAY,
    HTTP,
    NODE,
    ROUTER,
    Asking,
    collection,
    gateway_route,
    route,
    to_node,
    to_router,
    whole,
)

OWNED = {"meshOwner": "123456789012", "resourceOwner": "123456789012"}
ITEMS = {
    "meshes/m": "mesh/m",
    "meshes/m/virtualNodes/a": "mesh/m/virtualNode/a",
    "meshes/m/virtualRouters/r": "mesh/m/virtualRouter/r",
    "meshes/m/virtualRouter/r/routes/x": "mesh/m/virtualRouter/r/route/x",
    "meshes/m/virtualServices/s.local": "mesh/m/virtualService/s.local",
    "meshes/m/virtualGateways/g": "mesh/m/virtualGateway/g",
    "meshes/m/virtualGateway/g/gatewayRoutes/in": "mesh/m/virtualGateway/g/gatewayRoute/in",
}


def test_a_new_resource_carries_what_the_service_adds():
    answer = Asking()("PUT", "meshes", {"meshName": "m"})
    assert answer == {
        "meshName": "m",
        "spec": {},
        "metadata": {
            "arn": "arn:aws:appmesh:us-east-1:123456789012:mesh/m",
            "uid": "uid-1",
            "createdAt": 1.0,
            "lastUpdatedAt": 1.0,
            "version": 1,
            **OWNED,
        },
        "status": {"status": "ACTIVE"},
    }


@pytest.mark.parametrize("path", ITEMS)
def test_each_kind_is_described_updated_and_listed(path: str):
    ask = whole()
    first = ask("GET", path)
    assert first["metadata"]["arn"] == f"arn:aws:appmesh:us-east-1:123456789012:{ITEMS[path]}"
    second = ask("PUT", path, {"spec": first["spec"]})
    assert second["spec"] == first["spec"]
    assert second["metadata"]["version"] == 2
    assert second["metadata"]["createdAt"] == first["metadata"]["createdAt"]
    assert second["metadata"]["lastUpdatedAt"] > first["metadata"]["lastUpdatedAt"]
    assert second["metadata"]["uid"] == first["metadata"]["uid"]
    ((items),) = ask("GET", path.rpartition("/")[0]).values()
    names = {k: v for k, v in first.items() if k.endswith("Name")}
    meta = {k: v for k, v in second["metadata"].items() if k != "uid"}
    assert {**names, **meta} in items


def test_an_update_replaces_the_whole_spec():
    ask = whole()
    ask("PUT", "meshes/m", {"spec": {"egressFilter": {"type": "ALLOW_ALL"}}})
    assert ask("PUT", "meshes/m", {})["spec"] == {}
    ask("PUT", "meshes/m/virtualNodes/a", {"spec": NODE})
    assert ask("GET", "meshes/m/virtualNodes/a")["spec"] == NODE


def test_a_health_check_without_a_port_asks_the_listeners_own():
    check = {
        "protocol": "http",
        "path": "/ping",
        "healthyThreshold": 2,
        "unhealthyThreshold": 2,
        "intervalMillis": 5000,
        "timeoutMillis": 2000,
    }
    ask = Asking().mesh()
    node = {**NODE, "listeners": [{**HTTP, "healthCheck": check}]}
    assert ask.put("virtualNode", "a", node)["spec"]["listeners"][0]["healthCheck"]["port"] == 8080
    own = {**NODE, "listeners": [{**HTTP, "healthCheck": {**check, "port": 9}}]}
    assert (
        ask.put("virtualGateway", "g", own_listeners(own))["spec"]["listeners"][0]["healthCheck"]["port"] == 9
    )


def own_listeners(spec: dict[str, Any]) -> dict[str, Any]:
    return {"listeners": spec["listeners"]}


def test_what_is_in_use_is_not_deleted():
    ask = whole()
    held = {
        "meshes/m": "still holds the virtualNode a",
        "meshes/m/virtualNodes/a": "used by virtualRouter/r/route/x",
        "meshes/m/virtualRouters/r": "used by virtualService/s.local",
        "meshes/m/virtualServices/s.local": "used by virtualGateway/g/gatewayRoute/in",
        "meshes/m/virtualGateways/g": "used by virtualGateway/g/gatewayRoute/in",
    }
    for path, said in held.items():
        assert said in ask.refused("ResourceInUseException", "DELETE", path)
    ask.put("virtualService", "direct", to_node("b"))
    ask("PUT", "meshes/m/virtualRouter/r/routes/x", {"spec": route("a")})
    assert "used by virtualService/direct" in ask.refused(
        "ResourceInUseException", "DELETE", "meshes/m/virtualNodes/b"
    )


def test_all_is_deleted_in_the_right_order_and_counts_one_version_more():
    ask = whole()
    order = [
        "virtualGateway/g/gatewayRoutes/in",
        "virtualGateways/g",
        "virtualServices/s.local",
        "virtualRouter/r/routes/x",
        "virtualRouters/r",
        "virtualNodes/a",
        "virtualNodes/b",
    ]
    for path in order:
        gone = ask("DELETE", f"meshes/m/{path}")
        assert (gone["status"], gone["metadata"]["version"]) == ({"status": "DELETED"}, 2)
        ask.refused("NotFoundException", "GET", f"meshes/m/{path}")
        ask.refused("NotFoundException", "DELETE", f"meshes/m/{path}")
    gone = ask("DELETE", "meshes/m")
    assert (gone["status"], gone["metadata"]["version"]) == ({"status": "DELETED"}, 1)
    assert ask("GET", "meshes") == {"meshes": []}


def test_a_service_that_only_backends_name_is_deleted():
    ask = whole()
    ask.put("virtualService", "later", {})
    ask("DELETE", "meshes/m/virtualServices/later")


@pytest.mark.parametrize(
    ("kind", "parent", "spec", "missing"),
    [
        ("virtualService", "", to_node("gone"), "virtualNode gone"),
        ("virtualService", "", to_router("gone"), "virtualRouter gone"),
        ("route", "r", route("a", "gone"), "virtualNode gone"),
        ("gatewayRoute", "g", gateway_route("gone"), "virtualService gone"),
        ("route", "gone", route("a"), "virtualRouter gone"),
        ("gatewayRoute", "gone", gateway_route("s.local"), "virtualGateway gone"),
    ],
)
def test_what_a_resource_points_to_must_be_there(kind: str, parent: str, spec: Any, missing: str):
    ask = whole()
    path = f"meshes/m/{collection(kind, parent)}"
    said = ask.refused("NotFoundException", "PUT", path, {f"{kind}Name": "new", "spec": spec})
    assert f"there is no {missing} in mesh m" in said
    if parent != "gone":
        at = {"virtualService": "s.local", "route": "x", "gatewayRoute": "in"}[kind]
        assert missing in ask.refused("NotFoundException", "PUT", f"{path}/{at}", {"spec": spec})


def test_the_outermost_thing_that_is_missing_is_named():
    ask = whole()
    assert "mesh gone" in ask.refused("NotFoundException", "GET", "meshes/gone/virtualRouter/r/routes/x")
    assert "virtualRouter gone" in ask.refused(
        "NotFoundException", "GET", "meshes/m/virtualRouter/gone/routes/x"
    )
    assert "route gone of the virtualRouter r in mesh m" in ask.refused(
        "NotFoundException", "GET", "meshes/m/virtualRouter/r/routes/gone"
    )
    for path in ("meshes/gone/virtualNodes", "meshes/m/virtualRouter/gone/routes"):
        ask.refused("NotFoundException", "GET", path)


def test_what_exists_is_not_created_again():
    ask = whole()
    for kind, name, spec, parent in (("virtualNode", "a", NODE, ""), ("route", "x", route("a"), "r")):
        body = {f"{kind}Name": name, "spec": spec}
        ask.refused("ConflictException", "PUT", f"meshes/m/{collection(kind, parent)}", body)
    ask.refused("ConflictException", "PUT", "meshes", {"meshName": "m"})


def test_the_same_token_with_the_same_call_answers_the_same():
    ask = Asking().mesh()
    body = {"virtualNodeName": "n", "spec": NODE, "clientToken": "once"}
    first = ask("PUT", "meshes/m/virtualNodes", body)
    state = ask.store.state
    assert ask("PUT", "meshes/m/virtualNodes", body) == first
    assert ask.store.state is state
    update = {"spec": {**NODE, "backends": []}, "clientToken": "once"}  # another operation, another token
    assert ask("PUT", "meshes/m/virtualNodes/n", update)["metadata"]["version"] == 2
    assert ask("PUT", "meshes/m/virtualNodes/n", update)["metadata"]["version"] == 2


@pytest.mark.parametrize(
    "other", [{"spec": {}}, {"tags": [{"key": "k", "value": "v"}]}, {"virtualNodeName": "other"}]
)
def test_the_same_token_with_another_call_is_a_conflict(other: dict[str, Any]):
    ask = Asking().mesh()
    body = {"virtualNodeName": "n", "spec": NODE, "clientToken": "once"}
    ask("PUT", "meshes/m/virtualNodes", body)
    said = ask.refused("ConflictException", "PUT", "meshes/m/virtualNodes", {**body, **other})
    assert "the client token once was used" in said


def test_a_token_goes_with_its_resource_and_old_ones_are_forgotten():
    ask = Asking().mesh()
    body = {"virtualNodeName": "n", "spec": NODE, "clientToken": "once"}
    ask("PUT", "meshes/m/virtualNodes", body)
    ask("DELETE", "meshes/m/virtualNodes/n")
    assert ask("PUT", "meshes/m/virtualNodes", body)["metadata"]["uid"] != "uid-2"
    for number in range(1001):
        ask("PUT", "meshes/m", {"clientToken": f"t{number}"})
    assert len(ask.store.state.tokens) == 1000
    ask.refused("ConflictException", "PUT", "meshes/m/virtualNodes", body)  # known no more, so it exists


@pytest.mark.parametrize("count", [3, 15, 200])
def test_quotas(count: int):
    ask = Asking()
    if count == 15:
        for number in range(15):
            ask.mesh(f"m{number}")
        ask.refused("LimitExceededException", "PUT", "meshes", {"meshName": "m"})
        return
    kinds = (
        {"virtualGateway": GATEWAY}
        if count == 3
        else {"virtualNode": NODE, "virtualRouter": ROUTER, "virtualService": {}}
    )
    ask.mesh()
    for kind, spec in kinds.items():
        for number in range(count):
            ask.put(kind, f"n{number}", spec)
        body = {f"{kind}Name": "more", "spec": spec}
        said = ask.refused("LimitExceededException", "PUT", f"meshes/m/{kind}s", body)
        assert f"{count} is the quota" in said


def test_quotas_inside_routers_gateways_and_nodes():
    ask = whole()
    for number in range(49):
        ask.put("route", f"n{number}", route("a"), "r")
    ask.refused(
        "LimitExceededException",
        "PUT",
        "meshes/m/virtualRouter/r/routes",
        {"routeName": "y", "spec": route("a")},
    )
    for number in range(9):
        ask.put("gatewayRoute", f"n{number}", gateway_route("s.local"), "g")
    body = {"gatewayRouteName": "y", "spec": gateway_route("s.local")}
    ask.refused("LimitExceededException", "PUT", "meshes/m/virtualGateway/g/gatewayRoutes", body)
    many = {**NODE, "backends": [{"virtualService": {"virtualServiceName": f"s{n}"}} for n in range(51)]}
    ask.refused("LimitExceededException", "PUT", "meshes/m/virtualNodes/a", {"spec": many})
    body = {"virtualNodeName": "more", "spec": many}
    ask.refused("LimitExceededException", "PUT", "meshes/m/virtualNodes", body)


def test_a_quota_can_be_raised():
    ask = Asking(quotas=Quotas(gateways=4)).mesh()
    for number in range(4):
        ask.put("virtualGateway", f"g{number}", GATEWAY)


def test_the_owner_of_the_mesh_is_this_account():
    ask = whole()
    ask("GET", "meshes/m/virtualNodes/a", meshOwner="123456789012")
    ask.refused("ForbiddenException", "GET", "meshes/m/virtualNodes/a", meshOwner="210987654321")
    ask.refused("ForbiddenException", "GET", "meshes/m", meshOwner="210987654321")
    ask.refused("ForbiddenException", "PUT", "meshes/m/virtualNodes", {}, meshOwner="210987654321")
    ask.refused("BadRequestException", "GET", "meshes/m/virtualNodes", meshOwner="1")


def documents(name: str = "m", **more: Any) -> Resources:
    spec = VirtualNodeSpec.model_validate(NODE)
    return Resources(
        name, virtual_nodes={"a": Resource("virtualNode", "a", None, spec, Where("a.json", 3))}, **more
    )


def test_a_store_of_documents_holds_them_in_their_first_version():
    ask = Asking(Store.of(documents()))
    assert ask("GET", "meshes/m")["spec"] == {}
    assert ask("GET", "meshes/m/virtualNodes/a")["metadata"]["version"] == 1
    assert running(ask.store.state).virtual_nodes["a"].where == Where("a.json", 3)


def test_the_oldest_mesh_runs():
    ask = Asking()
    assert running(ask.store.state) == Resources("mesh")
    ask.mesh("first").mesh("a-second")
    ask.put("virtualNode", "n", NODE, mesh="a-second")
    assert running(ask.store.state).mesh_name == "first"
    ask("DELETE", "meshes/first")
    assert list(running(ask.store.state).virtual_nodes) == ["n"]


def test_a_backend_to_a_service_that_is_not_there_does_not_run():
    ask = whole()
    stored = ask("GET", "meshes/m/virtualNodes/a")["spec"]["backends"]
    assert stored == [{"virtualService": {"virtualServiceName": "later"}}]
    assert running(ask.store.state).virtual_nodes["a"].spec.backends == ()
    assert running(ask.store.state).dangling() == []
    ask.put("virtualService", "later", {})
    assert len(running(ask.store.state).virtual_nodes["a"].spec.backends) == 1

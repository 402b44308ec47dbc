"""Any mesh that the API model allows: documents drawn from the shapes of the service's own model.

Names that refer to other resources mean resources of the same mesh, expressions are ones that RE2 knows, and log
formats have operators that Envoy knows; everything else is what the shapes let through.
"""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

VERSION = "data/appmesh/2019-01-25/service-2.json.gz"
TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,11}", fullmatch=True)
REGEXES = st.sampled_from([".*", "/a+b?", "[a-z]{1,3}", "(red|blue)-\\d+", "^x.$", "\\w*"])
FORMATS = st.sampled_from(["%START_TIME%", "%REQ(:METHOD)% x", "plain", "%RESPONSE_CODE% %DURATION%\n"])
PATHS = st.from_regex(r"/[a-z0-9._-]{0,8}(/[a-z0-9._-]{1,6})?", fullmatch=True)
BIG = 2**31 - 1
SIDECAR_PORTS = {15000, 15001, 9901}
"""Nobody can listen there beside a sidecar; such documents are refused."""


@cache
def shapes() -> dict[str, Any]:
    """The shapes of botocore's model."""
    botocore = pytest.importorskip("botocore")
    path = Path(botocore.__file__).parent / VERSION
    found: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))["shapes"]
    return found


class Meshes:
    """Strategies for the resources of one mesh, whose names are known beforehand."""

    def __init__(self, nodes: list[str], routers: list[str], services: list[str]) -> None:
        self.own = {
            "virtualNodeName": nodes,
            "virtualNode": nodes,
            "virtualRouterName": routers,
            "virtualServiceName": services,
        }

    def spec(self, shape: str) -> st.SearchStrategy[Any]:
        """Specs of a shape."""
        return self._of(shape, shape)

    def _of(self, name: str, member: str) -> st.SearchStrategy[Any]:
        shape = shapes()[name]
        kind = shape["type"]
        if kind == "structure":
            return self._structure(name, shape)
        if kind == "list":
            return self._list(shape, member)
        if kind == "boolean":
            return st.booleans()
        if kind in {"integer", "long"}:
            return st.integers(shape.get("min", -BIG), min(shape.get("max", BIG), BIG))
        return self._text(shape, name, member)

    def _text(self, shape: dict[str, Any], name: str, member: str) -> st.SearchStrategy[str]:
        if "enum" in shape:
            return st.sampled_from(shape["enum"])
        if name == "HttpRetryPolicyEvent":
            return st.sampled_from(["server-error", "gateway-error", "client-error", "stream-error"])
        if member == "regex":
            return REGEXES
        if name in {"TextFormat", "JsonValue"}:
            return FORMATS
        if (member == "prefix" and name == "String") or name in {
            "HttpPathExact",
            "HttpGatewayRoutePathRewriteExact",
        }:
            return PATHS
        if name == "HttpGatewayRoutePrefix":
            return PATHS.map(lambda path: path.rstrip("/") + "/")
        if name in {"HeaderName", "QueryParameterName", "JsonKey", "HostnameMatch", "SuffixHostname"}:
            return NAMES
        if name in {"ExactHostName", "ServiceHostname"}:
            return NAMES.map(lambda text: text.replace("_", "-") + ".local")
        return TEXT

    def _list(self, shape: dict[str, Any], member: str) -> st.SearchStrategy[list[Any]]:
        low = shape.get("min", 0)
        return st.lists(
            self._of(shape["member"]["shape"], member),
            min_size=low,
            max_size=min(low + 2, shape.get("max", 99)),
        )

    def _structure(self, name: str, shape: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
        members = {key: self._member(key, one["shape"]) for key, one in shape["members"].items()}
        if shape.get("union") or name in {
            "HttpPathMatch",
            "RouteSpec",
            "GatewayRouteSpec",
            "GatewayRouteHostnameMatch",
        }:
            return self._one(members)
        needed = set(shape.get("required", []))
        found = st.fixed_dictionaries(
            {key: members[key] for key in needed},
            optional={key: one for key, one in members.items() if key not in needed},
        )
        return found.map(_coherent)

    def _one(self, members: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
        choices = [key for key in members if key != "priority"]
        chosen = st.sampled_from(choices).flatmap(lambda key: members[key].map(lambda value: {key: value}))
        if "priority" not in members:
            return chosen
        priority = st.none() | members["priority"]
        return st.tuples(chosen, priority).map(
            lambda pair: pair[0] if pair[1] is None else {**pair[0], "priority": pair[1]}
        )

    def _member(self, key: str, shape: str) -> st.SearchStrategy[Any]:
        if key in self.own and shapes()[shape]["type"] == "string":
            return st.sampled_from(self.own[key])
        return st.deferred(lambda: self._of(shape, key))


def _coherent(found: dict[str, Any]) -> dict[str, Any]:
    """What the service asks for beyond its model: a gRPC method with its service."""
    if "methodName" in found and "serviceName" not in found:
        del found["methodName"]
    return found


@st.composite
def meshes(draw: st.DrawFn) -> list[dict[str, Any]]:
    """The documents of one mesh, as API JSON with names."""
    nodes = draw(st.lists(NAMES, min_size=1, max_size=3, unique_by=str.lower))
    routers = [f"r{i}" for i in range(draw(st.integers(1, 2)))]
    services = [f"s{i}.local" for i in range(draw(st.integers(1, 2)))]
    of = Meshes(nodes, routers, services)
    found = [{"meshName": "any", "spec": draw(of.spec("MeshSpec"))}]
    found += [{"virtualNodeName": name, "spec": _node(draw(of.spec("VirtualNodeSpec")))} for name in nodes]
    found += [
        {"virtualRouterName": name, "spec": _ports(draw(of.spec("VirtualRouterSpec")))} for name in routers
    ]
    found += [{"virtualServiceName": name, "spec": draw(of.spec("VirtualServiceSpec"))} for name in services]
    for number in range(draw(st.integers(0, 3))):
        route = {"virtualRouterName": draw(st.sampled_from(routers)), "routeName": f"route{number}"}
        found.append({**route, "spec": draw(of.spec("RouteSpec"))})
    if draw(st.booleans()):
        gateway = _ports(draw(of.spec("VirtualGatewaySpec")))
        found.append({"virtualGatewayName": "gate", "spec": gateway})
        for number in range(draw(st.integers(0, 2))):
            route = {"virtualGatewayName": "gate", "gatewayRouteName": f"in{number}"}
            found.append({**route, "spec": draw(of.spec("GatewayRouteSpec"))})
    return found


def _node(spec: dict[str, Any]) -> dict[str, Any]:
    """A node with listeners has to say how it is found."""
    if spec.get("listeners") and not spec.get("serviceDiscovery"):
        spec["serviceDiscovery"] = {"dns": {"hostname": "node.local"}}
    return _ports(spec)


def _ports(spec: dict[str, Any]) -> dict[str, Any]:
    """Listeners of one owner have ports of their own, and none of the sidecar's."""
    seen: set[int] = set()
    for one in spec.get("listeners", []):
        port = one["portMapping"]["port"]
        while port in seen or port in SIDECAR_PORTS:
            port = port % 65535 + 1
        seen.add(port)
        one["portMapping"]["port"] = port
    return spec

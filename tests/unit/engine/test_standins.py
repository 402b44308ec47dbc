"""What a stand-in asks its backends for."""

from __future__ import annotations

import pytest

from chaosmesh.documents.load_part import Load, RequestPart
from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine.standins import known_method, known_path, stand_ins
from chaosmesh.mesh import Match, Mesh
from chaosmesh.mesh.model import Protocol
from chaosmesh.services.message import METHOD
from tests.meshes import mesh, route, service, workload


def pair(front: Protocol, back: Protocol, *matches: Match) -> Mesh:
    rules = [route("back", str(n), {"b": 1}, match=one, protocol=back) for n, one in enumerate(matches)]
    nodes = [workload("front", "back", protocol=front), workload("b", protocol=back)]
    return mesh(nodes, [service("back", *rules, protocol=back)])


def asked(policy: Mesh, *paths: str) -> str:
    scenario = Scenario(load=Load(mix=tuple(RequestPart(path=one) for one in paths)))
    ((name, path),) = stand_ins(policy, scenario)["front"].calls
    assert name == "back"
    return path


EVERYTHING, METHOD_MATCH = Match(prefix="/"), Match(path="/color.Color/Get")


@pytest.mark.parametrize(
    ("policy", "paths", "path"),
    [
        (pair("http", "http", EVERYTHING), ["/x"], ""),
        (pair("http", "http", Match(prefix="/a")), ["/x"], "/a"),
        (pair("http", "http2", Match(prefix="/a")), ["/x"], "/a"),
        (pair("http", "http2", Match(path="/a")), ["/a?b"], ""),
        (pair("http", "grpc", EVERYTHING), [], METHOD),
        (pair("http", "grpc", METHOD_MATCH), [], "/color.Color/Get"),
        (pair("http", "grpc", METHOD_MATCH, Match(prefix="/color.Color/")), [], "/color.Color/Call"),
        (pair("grpc", "grpc", METHOD_MATCH), ["/color.Color/Get"], ""),
        (pair("grpc", "grpc", METHOD_MATCH), ["/"], "/color.Color/Get"),
        (pair("grpc", "http", Match(prefix="/a")), ["/a"], "/a"),
        (pair("grpc", "http", EVERYTHING), ["/a"], ""),
        (pair("tcp", "http", Match(prefix="/a")), ["/a"], "/a"),
        (pair("http", "tcp", Match()), ["/a"], ""),
    ],
)
def test_paths_that_the_routes_match(policy: Mesh, paths: list[str], path: str) -> None:
    assert asked(policy, *paths) == path


def test_methods_of_the_widest_route() -> None:
    widest = [route("s", "r", {"a": 1}, match=Match(prefix="/a/b"), protocol="grpc")]
    assert known_method(widest) == "/a/b"


def test_a_path_that_is_matched_as_a_whole_is_forwarded() -> None:
    rules = [route("s", "r", {"a": 1}, match=Match(path="/a"))]
    assert [known_path(rules, [one]) for one in ("/a", "/a?x", "/b")] == ["", "", "/a"]


def test_a_service_without_routes_is_not_called() -> None:
    assert stand_ins(pair("http", "http"), Scenario())["front"].calls == ()

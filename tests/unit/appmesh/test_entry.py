"""Where requests go that come in at a gateway, by the declared rules; and the same asked of the policy model."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaosmesh.appmesh import load
from chaosmesh.appmesh.matching import normalised
from chaosmesh.appmesh.routing import Request, choose, choose_entry, ranked
from chaosmesh.appmesh.translate import translate
from chaosmesh.errors import UsageError

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "appmesh"


@pytest.fixture(scope="module")
def gateways():
    return load([GOLDEN / "gateways.in.yaml"])


FIRST = {"range": "4"}


@pytest.mark.parametrize(
    ("request_", "entry", "path", "host"),
    [
        (Request("/red/a?q=1"), "default", "/a?q=1", "s.local"),
        (Request("/red"), "default", "/", "s.local"),
        (Request("/redder"), "default", "/der", "s.local"),  # a prefix stands without its final slash too
        (Request("/red/longer/x"), "longer", "/short/x", "direct.local"),
        (Request("/red/longer"), "longer", "/short/", "direct.local"),
        (Request("/blue/x", host="www.example.com"), "left-alone", "/blue/x", "www.example.com"),
        (Request("/old?a=b"), "whole", "/new?a=b", "s.local"),
        (Request("/old/"), "all", "/old/", "s.local"),
        (Request("/v1/x"), "expression", "/v1/x", "s.local"),
        (Request("/v1/x", port=8081), "all", "/v1/x", "s.local"),
        (Request("/", host="WWW.example.com"), "host", "/", "s.local"),
        (Request("/", host="api.example.com"), "ending", "/", "s.local"),
        (Request("/", host="example.com"), "all", "/", "s.local"),
        (Request("/x?q=x&there", "POST", FIRST), "first", "/x?q=x&there", "s.local"),
        (Request("/x?q=x&there", "POST", {"range": "5"}), "all", "/x?q=x&there", "s.local"),
        (Request("/x?q=x&there", "POST", {**FIRST, "absent": ""}), "all", "/x?q=x&there", "s.local"),
        (Request("/x?q=y&q=x&there", "POST", FIRST), "all", "/x?q=y&q=x&there", "s.local"),
        (Request("/a/../red//b/./c"), "default", "/b/c", "s.local"),
        (Request("/%72ed/%2F"), "default", "/%2F", "s.local"),
    ],
    ids=str,
)
def test_gateway_routes_match_and_rewrite(gateways, request_, entry, path, host):
    decision = choose_entry(gateways, "door", request_)
    assert (decision.entry.name, decision.request.path, decision.request.host) == (entry, path, host)
    assert [one.node for one in decision.targets] == ["server"]


def test_a_call_by_grpc_keeps_its_path_and_meets_the_port_that_the_route_names(gateways):
    call = Request("/color.Color/Get", "POST", {"kind": "abc"}, port=8081)
    decision = choose_entry(gateways, "door", call)
    assert decision.entry.name == "rpc"
    assert decision.request.path == "/color.Color/Get"
    assert decision.request.port == 81
    assert (
        choose_entry(gateways, "door", Request(call.path, "POST", {"kind": "x"}, port=8081)).entry.name
        == "all"
    )


def test_what_no_gateway_route_takes_is_404(gateways):
    decision = choose_entry(gateways, "empty-door", Request("/"))
    assert (decision.status, decision.service, decision.entry, decision.targets) == (404, "", None, ())
    assert decision.rule == "virtualGateway/empty-door"


def test_unknown_gateways_and_ports_name_the_known_ones(gateways):
    with pytest.raises(UsageError) as caught:
        choose_entry(gateways, "dor", Request())
    assert "door" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        choose_entry(gateways, "door", Request(port=1))
    assert caught.value.hint == "one of: 8080, 8081"


def test_the_order_is_the_one_of_the_policy_model(gateways):
    """Two readings of the documents, written apart."""
    declared = [one.name for one in ranked(gateways.gateway_routes_of("door"))]
    assert declared == [one.name for one in translate(gateways).workload("door").entry_routes]


def test_a_service_is_called_on_its_own_ports_only(gateways):
    assert choose(gateways, "s.local", Request(port=80)).status is None
    assert choose(gateways, "s.local", Request(port=82)).status == 404
    assert choose(gateways, "s.local", Request()).targets[0].node == "server"


@pytest.mark.parametrize(
    ("path", "plain"),
    [
        ("/", "/"),
        ("//a///b//", "/a/b/"),
        ("/a/./b/../c", "/a/c"),
        ("/..", "/"),
        ("//", "//"),
        ("////", "//"),
        ("/a/b/..", "/a/"),
        ("/a/.", "/a/"),
        ("/%61%2f%41%2E%2e/x", "/a%2fA../x"),
        ("\\a\\b", "/a/b"),
    ],
)
def test_paths_are_compared_in_one_form(path, plain):
    assert normalised(path) == plain

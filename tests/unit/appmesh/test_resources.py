"""Names, updates, positions, clauses and dangling references."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chaosmesh.appmesh import clauses, load
from chaosmesh.appmesh.translate import translate
from chaosmesh.documents import Source
from chaosmesh.errors import DocumentError, UsageError

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "appmesh"
ROUTE = {
    "httpRoute": {
        "match": {"prefix": "/"},
        "action": {"weightedTargets": [{"virtualNode": "n", "weight": 1}]},
    }
}
LISTENERS = {"listeners": [{"portMapping": {"port": 80, "protocol": "http"}}]}


def write(folder: Path, **files: object) -> Path:
    for name, data in files.items():
        text = data if isinstance(data, str) else json.dumps({"spec": data}, indent=2)
        (folder / f"{name.replace('_', '-')}.json").write_text(text)
    return folder


def test_spec_only_documents_are_named_by_their_files(tmp_path):
    write(
        tmp_path,
        mesh={},
        a_vn={**LISTENERS, "serviceDiscovery": {"dns": {"hostname": "h"}}},
        a_vr=LISTENERS,
        a_vg=LISTENERS,
        a_vs={"provider": {"virtualNode": {"virtualNodeName": "a-vn"}}},
        empty_service={},
        a_route=ROUTE,
        in_gateway_route={
            "http2Route": {
                "match": {"prefix": "/"},
                "action": {"target": {"virtualService": {"virtualServiceName": "a-vs"}}},
            }
        },
    )
    resources = load([tmp_path], mesh_name="named")
    assert sorted(one.id for one in resources) == [
        "mesh",
        "virtualGateway/a-vg",
        "virtualGateway/a-vg/gatewayRoute/in-gateway-route",
        "virtualNode/a-vn",
        "virtualRouter/a-vr",
        "virtualRouter/a-vr/route/a-route",
        "virtualService/a-vs",
        "virtualService/empty-service",
    ]
    assert resources.mesh_name == "named"


def test_names_from_outside(tmp_path):
    write(tmp_path, x=ROUTE, r_vr=LISTENERS, s_vr=LISTENERS)
    with pytest.raises(DocumentError) as caught:
        load([tmp_path])
    assert caught.value.problems[0].hint == "name it with --name x.json=r-vr/x"
    named = load([tmp_path], names={"x.json": "s-vr/main"})
    assert list(named.routes) == [("s-vr", "main")]
    twice = [Source(tmp_path / "x.json", "one", "r"), Source(tmp_path / "x.json", "two", "r")]
    assert list(load(twice).routes) == [("r", "one"), ("r", "two")]
    with pytest.raises(DocumentError, match="not among the documents"):
        load([tmp_path], names={"x.json": "r/x", "y.json": "y"})


def test_variables_of_one_path_and_numbers_behind_them(tmp_path):
    spec = json.dumps(ROUTE).replace('"weight": 1', '"weight": $WEIGHT')
    text = f'{{"routeName": $NAME, "virtualRouterName": "\\($NAME)-router", "spec": {spec}}}'
    write(tmp_path, x=text)
    sources = [Source(tmp_path / "x.json", variables={"NAME": one, "WEIGHT": "9"}) for one in ("a", "b")]
    resources = load(sources, variables={"NAME": "never"})
    assert list(resources.routes) == [("a-router", "a"), ("b-router", "b")]
    assert resources.routes["a-router", "a"].spec.http_route.action.weighted_targets[0].weight == 9
    assert (
        resources.routes["a-router", "a"].place("httpRoute", "action", "weightedTargets", 0, "weight").line
        == 1
    )


def test_a_describe_answer_is_a_document(tmp_path):
    answer = {
        "route": {
            "meshName": "m",
            "virtualRouterName": "r",
            "routeName": "x",
            "spec": ROUTE,
            "status": {"status": "ACTIVE"},
        }
    }
    write(tmp_path, answer=json.dumps(answer))
    assert load([tmp_path]).routes["r", "x"].spec.plain() == ROUTE


def test_documents_of_two_meshes_are_refused(tmp_path):
    write(
        tmp_path, a='{"meshName": "a", "spec": {}}', b='{"meshName": "b", "virtualNodeName": "n", "spec": {}}'
    )
    with pytest.raises(DocumentError, match="mesh b, the others to a"):
        load([tmp_path])


def test_an_update_replaces_and_the_old_stays_as_it_was():
    before = load([GOLDEN / "retries.in.yaml"])
    after = before.updated([GOLDEN / "protocols.in.yaml"])
    assert len(list(after)) == len(list(before)) + 12 - 1  # one node has the same name
    assert before.virtual_nodes["server"].spec.listeners[0].port_mapping.port == 8080
    assert after.virtual_nodes["server"].spec.listeners[0].port_mapping.port == 50051


def test_a_field_that_is_not_written_has_the_place_of_its_parent():
    route = load([GOLDEN / "retries.in.yaml"]).routes["router", "all-events"]
    assert route.place("httpRoute", "retryPolicy", "maxRetries").line == 15
    assert route.place("http_route", "retry_policy", "max_retries").line == 15
    assert route.place("httpRoute", "retryPolicy", "grpcRetryEvents", 0).line == 14
    assert route.place("tcpRoute").line == 9


def test_clauses_have_ids_in_app_meshs_words():
    found = {one.id: one for one in clauses(load([GOLDEN / "retries.in.yaml", GOLDEN / "listeners.in.yaml"]))}
    base = "virtualRouter/router/route/all-events"
    assert [one.removeprefix(base + "/") for one in found if one.startswith(base)] == [
        "priority",
        "match.prefix",
        "action.weightedTargets",
        "retryPolicy.maxRetries",
        "retryPolicy.perRetryTimeout",
        "retryPolicy.httpRetryEvents.server-error",
        "retryPolicy.httpRetryEvents.gateway-error",
        "retryPolicy.httpRetryEvents.client-error",
        "retryPolicy.httpRetryEvents.stream-error",
        "retryPolicy.tcpRetryEvents.connection-error",
    ]
    assert found[f"{base}/retryPolicy.perRetryTimeout"].value.seconds == 2
    assert found["virtualNode/http/listeners.80.connectionPool.http"].value.max_connections == 100
    assert {
        "mesh/egressFilter",
        "virtualNode/http/listeners.80.outlierDetection",
        "virtualRouter/router/listeners.8080",
    } <= set(found)
    assert len(found) == len(clauses(load([GOLDEN / "retries.in.yaml", GOLDEN / "listeners.in.yaml"])))


def test_a_condition_written_twice_keeps_two_ids(tmp_path):
    route = json.loads(json.dumps(ROUTE))
    route["httpRoute"]["match"]["headers"] = [
        {"name": "a", "match": {"prefix": "x"}},
        {"name": "a", "match": {"suffix": "y"}},
    ]
    write(tmp_path, x=route)
    ids = [one.field for one in clauses(load([Source(tmp_path / "x.json", parent="r")]))]
    assert ids == ["match.prefix", "match.headers.a", "match.headers.a#2", "action.weightedTargets"]


def test_dangling_references_name_what_is_near(tmp_path):
    write(
        tmp_path,
        nn_vn={
            **LISTENERS,
            "serviceDiscovery": {"dns": {"hostname": "h"}},
            "backends": [{"virtualService": {"virtualServiceName": "gone"}}],
        },
        a_vs={"provider": {"virtualRouter": {"virtualRouterName": "a-vrr"}}},
        a_vr=LISTENERS,
        x_route=json.loads(json.dumps(ROUTE).replace('"n"', '"nn-vm"')),
    )
    resources = load([tmp_path])
    found = {Path(one.where.file).stem: one for one in resources.dangling()}
    assert found["a-vs"].hint == "did you mean a-vr?"
    assert found["x-route"].hint == "did you mean nn-vn?"
    assert found["x-route"].where.line > 5
    assert set(found) == {"a-vs", "x-route", "nn-vn"}
    with pytest.raises(DocumentError, match="not in the documents"):
        translate(resources)


def test_an_unknown_profile_names_the_known_ones():
    with pytest.raises(UsageError, match="appmesh-legacy"):
        translate(load([GOLDEN / "retries.in.yaml"]), "istio")


def test_a_gateway_waits_as_long_as_the_most_patient_route(corpus: Path, tmp_path: Path):
    folder = corpus / "walkthroughs/howto-timeout-policy/mesh"
    sources = [
        Source(folder / "publicgateway-vg.json", "door"),
        Source(folder / "colorteller-vn-timeout18s.json", "ColorTellerWhite"),
        Source(folder / "colorteller-vn-timeout18s.json", "ColorTellerRed"),
        Source(folder / "colorteller-vr.json", "router"),
        Source(folder / "colorteller-route1-timeout18s.json", "route1", "router"),
        Source(folder / "colorteller-route2-timeout10s.json", "route2", "router"),
        Source(folder / "publicgateway-route.json", "in", "door"),
    ]
    names = {"DNS_HOSTNAME": "h", "VIRTUALSERVICE_NAME": "teller"}
    teller = {"provider": {"virtualRouter": {"virtualRouterName": "router"}}}
    (tmp_path / "teller-vs.json").write_text(json.dumps({"spec": teller}))
    mesh = translate(load([*sources, Source(tmp_path / "teller-vs.json", "teller")], variables=names))
    assert mesh.workload("door").listeners[0].timeout.request == 18
    assert [one.timeout.request for one in mesh.service("teller").routes] == [18, 10]

"""Which checks a policy gets, and why the rest of its rules gets none."""

from __future__ import annotations

import json
from pathlib import Path

from chaosmesh.appmesh import clauses, load
from chaosmesh.checks.model import Shape

from .handmade import AIRPORT, ALPHA, airport, check, planned

HTTP = {"port": 8080, "protocol": "http"}
SERVICE = {"virtualServiceName": "tell.l"}
CREW = "virtualRouter/flights-router/route/crew-route"
FLIGHTS = "virtualRouter/flights-router/route/flights-route"
WEATHER = "virtualRouter/weather-router/route/weather-route"


def test_the_airports_checks() -> None:
    found = planned(airport())
    ids = [one.id for one in found.checks]
    assert [one for one in ids if "/route/" not in one] == [
        "virtualNode/departures/listeners.8080",
        "virtualNode/departures/backends.flights.airport.local",
        "virtualNode/flights-v1/listeners.8080",
        "virtualNode/flights-v1/backends.weather.airport.local",
        "virtualNode/flights-v2/listeners.8080",
        "virtualNode/flights-v2/backends.weather.airport.local",
        "virtualNode/weather/listeners.8080",
        "virtualRouter/flights-router/listeners.8080",
        "virtualRouter/weather-router/listeners.8080",
        "virtualService/flights.airport.local/provider",
        "virtualService/weather.airport.local/provider",
        "mesh/egressFilter",
    ]
    assert [one for one in ids if "/route/" in one] == [
        f"{CREW}/match.prefix",
        f"{CREW}/match.headers.x-role",
        f"{CREW}/priority",
        f"{CREW}/action.weightedTargets",
        f"{CREW}/retryPolicy.maxRetries",
        f"{CREW}/retryPolicy.httpRetryEvents.gateway-error",
        f"{CREW}/retryPolicy.httpRetryEvents.client-error",
        f"{CREW}/retryPolicy.perRetryTimeout",
        f"{FLIGHTS}/match.prefix",
        f"{FLIGHTS}/priority",
        f"{FLIGHTS}/action.weightedTargets",
        f"{FLIGHTS}/retryPolicy.maxRetries",
        f"{FLIGHTS}/retryPolicy.httpRetryEvents.gateway-error",
        f"{FLIGHTS}/retryPolicy.httpRetryEvents.client-error",
        f"{FLIGHTS}/retryPolicy.tcpRetryEvents.connection-error",
        f"{FLIGHTS}/retryPolicy.perRetryTimeout",
        f"{FLIGHTS}/timeout.perRequest",
        f"{WEATHER}/match.prefix",
        f"{WEATHER}/action.weightedTargets",
        f"{WEATHER}/retryPolicy.maxRetries",
        f"{WEATHER}/retryPolicy.httpRetryEvents.server-error",
        f"{WEATHER}/retryPolicy.httpRetryEvents.client-error",
        f"{WEATHER}/retryPolicy.tcpRetryEvents.connection-error",
        f"{WEATHER}/retryPolicy.perRetryTimeout",
    ]


def test_every_declared_rule_is_checked_or_has_a_reason() -> None:
    resources = airport()
    found = planned(resources)
    named = {one.id for one in found.checks} | {one.id for one in found.skipped}
    assert {clause.id for clause in clauses(resources)} <= named
    assert found.clauses == len(clauses(resources))
    assert not {one.id for one in found.checks} & {one.id for one in found.skipped}
    assert all(one.reason for one in found.skipped)


def test_howto_http_retries_is_checked_for_what_app_mesh_added_to_it(corpus: Path) -> None:
    app = corpus / "walkthroughs" / "howto-http-retries" / "app.yaml"
    resources = load([app], variables={"ProjectName": "demo"})
    route = "virtualRouter/color-router/route/color-route-blue"
    found = planned(resources)
    own = [one.id for one in found.checks if one.id.startswith(f"{route}/")]
    assert [one.removeprefix(f"{route}/") for one in own] == [
        "match.prefix",
        "action.weightedTargets",
        "retryPolicy.maxRetries",
        "retryPolicy.httpRetryEvents.client-error",
        "retryPolicy.tcpRetryEvents.connection-error",
        "timeout.perRequest",
    ]
    assert "added where none is written" in check(found, f"{route}/retryPolicy.maxRetries").statement
    plain = [one.id for one in planned(resources, "envoy").checks]
    assert not any("retryPolicy" in name for name in plain)


def test_a_contest_is_fought_with_a_request_that_both_routes_would_take() -> None:
    found = planned(airport())
    (probe,) = check(found, f"{FLIGHTS}/priority").probes
    assert probe.shape == Shape("/flights", "GET", (("x-role", "crew"),))
    reasons = {one.id: one.reason for one in found.skipped}
    assert "decides nothing" in reasons[f"{WEATHER}/priority"]


def test_probes_go_to_who_calls_and_steer_who_answers() -> None:
    one = check(planned(airport()), f"{FLIGHTS}/retryPolicy.maxRetries")
    never, last = one.probes
    assert (never.client, never.service) == ("departures", "flights.airport.local")
    assert never.standin == "flights-v1=status:503,flights-v2=status:503"
    assert last.standin == "flights-v1=status:503;attempts:4,flights-v2=status:503;attempts:4"


def test_a_quick_plan_leaves_the_unwritten_15_s_out(corpus: Path) -> None:
    from chaosmesh.checks import plan

    app = corpus / "walkthroughs" / "howto-http-retries" / "app.yaml"
    resources = load([app], variables={"ProjectName": "demo"})
    quick = plan(resources, profile="appmesh", alpha=ALPHA, quick=True)
    name = "virtualRouter/color-router/route/color-route-blue/timeout.perRequest"
    assert name not in {one.id for one in quick.checks}
    assert "quick" in {one.id: one.reason for one in quick.skipped}[name]


def test_a_route_that_nobody_calls_and_one_without_weight_are_not_checked(tmp_path: Path) -> None:
    for file in AIRPORT.glob("*.json"):
        text = file.read_text()
        if file.name == "crew-route.json":
            text = text.replace('"weight": 100', '"weight": 0')
        if file.name == "flights-v1-node.json" or file.name == "flights-v2-node.json":
            text = text.replace('"weather.airport.local"', '"flights.airport.local"')
        (tmp_path / file.name).write_text(text)
    reasons = {one.id: one.reason for one in planned(load([tmp_path])).skipped}
    assert "backend" in reasons[f"{WEATHER}/retryPolicy.maxRetries"]
    assert "weights are 0" in reasons[f"{CREW}/retryPolicy.maxRetries"]


def test_a_service_behind_a_gateway_is_tried_from_the_gateways_egress(tmp_path: Path) -> None:
    documents = {
        "mesh": {"meshName": "m", "spec": {}},
        "gateway": {"virtualGatewayName": "gate", "spec": {"listeners": [{"portMapping": HTTP}]}},
        "gateway-route": {
            "virtualGatewayName": "gate",
            "gatewayRouteName": "in",
            "spec": {
                "httpRoute": {"match": {"prefix": "/"}, "action": {"target": {"virtualService": SERVICE}}}
            },
        },
        "service": {**SERVICE, "spec": {"provider": {"virtualRouter": {"virtualRouterName": "r"}}}},
        "router": {"virtualRouterName": "r", "spec": {"listeners": [{"portMapping": HTTP}]}},
        "route": {
            "virtualRouterName": "r",
            "routeName": "all",
            "spec": {
                "httpRoute": {
                    "match": {"prefix": "/tell"},
                    "action": {"weightedTargets": [{"virtualNode": "n", "weight": 1}]},
                }
            },
        },
        "node": {
            "virtualNodeName": "n",
            "spec": {"listeners": [{"portMapping": HTTP}], "serviceDiscovery": {"dns": {"hostname": "n.l"}}},
        },
    }
    for name, body in documents.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(body))
    found = planned(load([tmp_path]))
    assert found.checks
    assert {(probe.client, probe.shape.path) for one in found.checks for probe in one.probes} >= {
        ("gate", "/tell")
    }

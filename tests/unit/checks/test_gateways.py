"""Checks of gateway routes: what users send, who takes it, and what arrives behind the gateway."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chaosmesh.appmesh import load
from chaosmesh.checks import Check, Plan, Seen
from chaosmesh.judge import Verdict
from chaosmesh.ledger import Request

from .handmade import call, check, planned

MESH = """
- {{meshName: m, spec: {{}}}}
- {{virtualGatewayName: gate, spec: {{listeners: [{{portMapping: {{port: 8080, protocol: http}}}}, {{portMapping: {{port: 9090, protocol: http}}{extra}}}]}}}}
- {{virtualServiceName: red.local, spec: {{provider: {{virtualNode: {{virtualNodeName: red}}}}}}}}
- {{virtualNodeName: red, spec: {{listeners: [{{portMapping: {{port: 80, protocol: http}}}}], serviceDiscovery: {{dns: {{hostname: red}}}}}}}}
- virtualGatewayName: gate
  gatewayRouteName: red
  spec:
    priority: 1
    httpRoute:
      match: {{prefix: /red, hostname: {{exact: www.example.com}}, port: 8080}}
      action: {{target: {{virtualService: {{virtualServiceName: red.local}}}}, rewrite: {{prefix: {{value: /r}}}}}}
- virtualGatewayName: gate
  gatewayRouteName: rest
  spec:
    priority: 2
    httpRoute:
      match: {{prefix: /}}
      action: {{target: {{virtualService: {{virtualServiceName: red.local}}}}, rewrite: {{hostname: {{defaultTargetHostname: DISABLED}}}}}}
"""
ROUTE = "virtualGateway/gate/gatewayRoute"


@pytest.fixture
def made(tmp_path: Path) -> Plan:
    return plan_of(tmp_path)


def plan_of(folder: Path, extra: str = "") -> Plan:
    file = folder / "mesh.yaml"
    file.write_text(MESH.format(extra=extra))
    return planned(load([file]))


def went(route: str, path: str = "/", host: str = "red.local", status: int = 200, **words: Any) -> Request:
    one = replace(call(200), service="red.local", path=path, host=host, **words)
    calls = (one,) if route else ()
    return Request(1, 0, 0, one.request_id, 0, 0, 1, status, None, 1, "", "gate", calls, entry_route=route)


def verdict(one: Check, *requests: Request) -> Verdict:
    return one.judge([Seen((), [request]) for request in requests]).verdict


def test_users_ask_at_the_door_with_the_host_that_is_written(made: Plan) -> None:
    one = check(made, f"{ROUTE}/red/match.hostname")
    asked, missed = one.probes
    assert (asked.place, asked.port, asked.shape.host) == ("door", 8080, "www.example.com")
    assert asked.shape.path == "/red/seen"
    assert missed.shape.host != "www.example.com"
    assert verdict(one, went("red"), went("rest")) is Verdict.PASS
    assert verdict(one, went("red"), went("red")) is Verdict.FAIL
    assert verdict(one, went("rest"), went("rest")) is Verdict.FAIL


def test_ports_are_told_apart(made: Plan) -> None:
    one = check(made, f"{ROUTE}/red/match.port")
    assert [probe.port for probe in one.probes] == [8080, 9090]
    assert verdict(one, went("red"), went("rest")) is Verdict.PASS


def test_the_smaller_number_takes_what_both_match(made: Plan) -> None:
    one = check(made, f"{ROUTE}/rest/priority")
    assert verdict(one, went("red")) is Verdict.PASS
    assert verdict(one, went("rest")) is Verdict.FAIL


def test_what_arrives_is_what_the_rewrite_says(made: Plan) -> None:
    one = check(made, f"{ROUTE}/red/action.rewrite.prefix")
    assert verdict(one, went("red", "/r/seen")) is Verdict.PASS
    assert verdict(one, went("red", "/red/seen")) is Verdict.FAIL
    assert verdict(one, went("red", "/r/seen", host="www.example.com")) is Verdict.FAIL
    assert verdict(one, replace(went("red", "/r/seen"), calls=())) is Verdict.FAIL


def test_a_host_that_is_kept_is_the_users(made: Plan) -> None:
    one = check(made, f"{ROUTE}/rest/action.rewrite.hostname")
    assert one.probes[0].shape.host == "gate"
    assert verdict(one, went("rest", "/seen", host="gate")) is Verdict.PASS
    assert verdict(one, went("rest", "/seen", host="red.local")) is Verdict.FAIL


def test_where_users_need_certificates_nothing_is_played(tmp_path: Path) -> None:
    tls = ", tls: {mode: STRICT, certificate: {file: {certificateChain: /c, privateKey: /k}}, validation: {trust: {file: {certificateChain: /ca}}}}"
    reasons = {one.id: one.reason for one in plan_of(tmp_path, tls).skipped}
    assert "certificate of their own" in reasons["virtualGateway/gate/listeners.9090"]

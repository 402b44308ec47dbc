"""`chaosmesh why`: where a request goes, by which rule, and what protects it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chaosmesh.appmesh import load
from chaosmesh.appmesh.routing import Request
from chaosmesh.appmesh.translate import translate
from chaosmesh.appmesh.why import Answer, as_json, why
from chaosmesh.cli.program import run
from chaosmesh.errors import UsageError
from chaosmesh.report.why import lines
from tests.conftest import ROOT

GOLDEN = ROOT / "tests" / "golden" / "appmesh"
AIRPORT = ROOT / "fixtures" / "airport"
FLIGHTS, WEATHER = "flights.airport.local", "weather.airport.local"


@pytest.fixture(scope="module")
def airport():
    return load([one for one in sorted(AIRPORT.glob("*.json")) if one.name != "crew-route.json"])


def asked(resources, source: str, request: Request, profile: str = "appmesh") -> Answer:
    return why(resources, translate(resources, profile), source, request)


def ask(resources, source: str, request: Request, profile: str = "appmesh"):
    return as_json(asked(resources, source, request, profile))


def test_a_call_to_a_backend(airport):
    found = ask(airport, "departures", Request("/flights/NH10", host=f"{FLIGHTS}:8080"))
    assert (found["status"], found["service"], found["route"]) == (None, FLIGHTS, "flights-route")
    assert [(one["node"], one["weight"], one["share"]) for one in found["targets"]] == [
        ("flights-v1", 80, 0.8),
        ("flights-v2", 20, 0.2),
    ]
    rule = found["rule"]
    assert rule["id"] == "virtualRouter/flights-router/route/flights-route/match.prefix"
    text = Path(rule["file"]).read_text().splitlines()[rule["line"] - 1]
    assert text[rule["column"] - 1 :].startswith('"prefix"')
    assert found["retry"]["max_retries"] == 4
    assert found["retry"]["rule"]["id"] == "virtualRouter/flights-router/route/flights-route/retryPolicy"
    assert found["timeout"]["request_s"] == 4
    assert found["timeout"]["rule"]["id"].endswith("timeout.perRequest")


def test_without_a_host_the_only_backend_is_meant(airport):
    assert ask(airport, "departures", Request())["service"] == FLIGHTS
    with pytest.raises(UsageError, match="which host does weather call") as caught:
        ask(airport, "weather", Request())
    assert caught.value.hint == "weather has no backends"


def test_hosts_are_the_same_in_capitals(airport):
    assert ask(airport, "departures", Request(host=FLIGHTS.upper()))["service"] == FLIGHTS


def test_what_is_no_backend_stays_inside(airport):
    found = ask(airport, "departures", Request(host=WEATHER))
    assert (found["status"], found["service"], found["targets"], found["passes"]) == (404, None, [], False)
    assert found["rule"]["id"] == "mesh/egressFilter"
    assert found["reason"] == f"{WEATHER} is no backend of departures; it calls {FLIGHTS}"


def test_an_open_mesh_lets_it_out():
    resources = load([GOLDEN / "listeners.in.yaml"])
    found = ask(resources, "http", Request(host="example.com"))
    assert (found["status"], found["passes"], found["targets"]) == (None, True, [])
    assert found["rule"]["id"] == "mesh/egressFilter"


def test_a_port_that_nobody_serves(airport):
    found = ask(airport, "departures", Request(host=FLIGHTS, port=81))
    assert (found["status"], found["reason"]) == (404, f"{FLIGHTS} is not served on port 81")


def test_through_a_gateway():
    resources = load([GOLDEN / "gateways.in.yaml"])
    found = ask(resources, "door", Request("/red/longer/x?a=b", host="a.example"))
    assert found["gateway_route"]["name"] == "longer"
    assert found["rewritten"] == {"host": "direct.local", "path": "/short/x?a=b", "port": None}
    assert (found["service"], found["route"]) == ("direct.local", None)
    assert found["rule"]["id"] == "virtualService/direct.local/provider"
    assert found["retry"] == {"max_retries": 2, "per_try_timeout_s": None, "hidden": True, "rule": None}
    assert found["timeout"] == {"request_s": 15, "idle_s": None, "gateway_s": 20, "rule": None}
    found = ask(resources, "empty-door", Request("/"))
    assert (found["status"], found["service"], found["gateway_route"]) == (404, None, None)
    found = ask(resources, "door", Request("/", host="www.example.com:8080"))
    assert found["gateway_route"]["name"] == "host"


def test_a_profile_changes_what_protects(airport):
    resources = load([GOLDEN / "gateways.in.yaml"])
    assert ask(resources, "door", Request("/red/longer"), "appmesh-legacy")["retry"] is None


def test_a_service_without_a_provider():
    resources = load([GOLDEN / "tls.in.yaml"])
    found = ask(resources, "caller", Request(host="plain.local"))
    assert (found["status"], found["service"]) == (404, "plain.local")
    assert "has no provider" in found["reason"]


def test_what_is_printed(airport):
    shown = lines(asked(airport, "departures", Request("/flights/NH10", headers={"a": "b"}, host=FLIGHTS)))
    assert shown[0] == f"departures → GET http://{FLIGHTS}/flights/NH10  a: b"
    words = {one[2:16].strip(): one[16:] for one in shown[1:]}
    assert words["route"] == "flights-route"
    assert words["goes to"] == "flights-v2  20 %"  # the last of them
    assert words["retries"].startswith("4, each try at most 1 s")
    assert f"{AIRPORT}/flights-route.json:" in words["decided by"]
    nowhere = lines(asked(airport, "departures", Request(host="x")))
    assert [one.split()[0] for one in nowhere[1:]] == ["404", "decided"]
    open_mesh = load([GOLDEN / "listeners.in.yaml"])
    assert lines(asked(open_mesh, "http", Request(host="x")))[1].split()[0] == "leaves"


def test_the_command_answers_in_text_and_json(capsys, tmp_path):
    assert run(["why", str(AIRPORT), "--from", "departures", "--path", "/flights/1"]) == 0
    assert "goes to" in capsys.readouterr().out
    assert run(["why", str(AIRPORT), "--from", "departures", "--json", "-", "--header", "a:b"]) == 0
    assert json.loads(capsys.readouterr().out)["service"] == FLIGHTS


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--from", "departure"], ["no virtual node or gateway departure", "did you mean departures?"]),
        (["--from", "departures", "--header", "x"], ["is not NAME:VALUE"]),
        (["--from", "departures", "--path", "x"], ["write --path /x"]),
        ([], ["--from"]),
    ],
)
def test_wrong_options_are_exit_2(capsys, options, words):
    assert run(["why", str(AIRPORT), *options]) == 2
    shown = capsys.readouterr().err
    for word in words:
        assert word in shown

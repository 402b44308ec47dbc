"""The scenario file: everything optional, every mistake at its place, all at once."""

from __future__ import annotations

import datetime
import json
import re
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from chaosmesh.documents import show
from chaosmesh.documents.scenario import Scenario, load_scenario, scenario_schema
from chaosmesh.errors import DocumentError, Problem
from tests.conftest import ROOT

DOCS = ROOT / "docs"

WHOLE = """name: airport
mesh:
  - mesh/
  - {file: route.json, name: flights-route, parent: flights-router, set: {WEIGHT: 10}}
variables: {ProjectName: airport, Port: 8080}
entry: departures
workloads:
  weather: {replicas: 2, latency: 20ms, capacity: 100, calls: []}
  own: {command: [python, app.py, 1], port: 8080, env: {DEBUG: true}}
fallbacks: [{route: weather-route, to: weather-backup, when: ejected}]
externals: {db: {address: "127.0.0.1:5432"}}
slo: {success: 0.99, p99: 300ms, amplification: 1.5}
accept:
  - {edge: flights -> weather, fault: down, reason: known, until: 2027-01-31}
  - {edge: [a, b], fault: reset, reason: known}
limits: {rate: 500, duration: 5m, errors: 0.5}
load: {rate: 250, arrivals: poisson, mix: [{path: /flights/NH10, weight: 3, headers: {x-role: crew}}]}
faults: [{kind: errors, status: 503, share: 0.3}]
gate: {duration: 1h, undecided: warn}
canary: {route: r, to: v2, steps: [{weight: 10, bake: 30s}, {weight: 100}]}
seed: 7
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "chaosmesh.yaml"
    file.write_text(text)
    return file


def problems(folder: Path, text: str) -> tuple[Problem, ...]:
    with pytest.raises(DocumentError) as caught:
        load_scenario(write(folder, text))
    return caught.value.problems


def test_a_whole_scenario(tmp_path):
    scenario = load_scenario(write(tmp_path, WHOLE))
    assert scenario.variables == {"ProjectName": "airport", "Port": "8080"}
    assert scenario.entry == ("departures",)
    assert scenario.workloads["weather"].latency == 0.02
    assert scenario.workloads["own"].command == ("python", "app.py", "1")
    assert scenario.workloads["own"].env == {"DEBUG": "true"}
    assert scenario.slo is not None
    assert scenario.slo.p99 == 0.3
    assert [one.edge for one in scenario.accept] == [("flights", "weather"), ("a", "b")]
    assert scenario.accept[0].until == datetime.date(2027, 1, 31)
    assert scenario.limits.duration == 300
    assert scenario.load.mix[0].headers == {"x-role": "crew"}
    assert scenario.place("slo", "p99").line == 12
    folder, file = scenario.sources()
    assert folder.path == tmp_path / "mesh"
    assert (file.name, file.parent, file.variables) == ("flights-route", "flights-router", {"WEIGHT": "10"})


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}"])
def test_everything_is_optional(tmp_path, text):
    assert (
        load_scenario(write(tmp_path, text)).model_dump()
        == Scenario().model_dump()
        == load_scenario(None).model_dump()
    )


def test_a_folder_with_and_without_a_scenario(tmp_path):
    assert load_scenario(tmp_path).model_dump() == Scenario().model_dump()
    assert load_scenario(tmp_path).base == tmp_path
    write(tmp_path, "name: x")
    assert load_scenario(tmp_path).name == "x"


def test_all_mistakes_at_once_each_with_its_place_and_hint(tmp_path):
    text = """workload: {}
workloads:
  front: {replicas: 0, latency: 250, cals: [x]}
slo: {success: 1.5, p99: soon}
load: {rate: -1, arrivals: poissn}
accept: [{edge: nowhere, fault: down, reason: x, until: soon}]
seed: x
"""
    found = problems(tmp_path, text)
    places = [(one.where.line, one.where.column) for one in found]
    assert places == [
        (1, 1),
        (3, 11),
        (3, 24),
        (3, 38),
        (4, 7),
        (4, 21),
        (5, 8),
        (5, 18),
        (6, 11),
        (6, 50),
        (7, 1),
    ]
    assert [one.message for one in found if not one.hint] == []
    hints = "\n".join(one.hint for one in found)
    for word in ("did you mean workloads?", "did you mean calls?", "did you mean poisson?", '"250ms"'):
        assert word in hints


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("image: x, build: y", "two images"),
        ("standin: true, image: x", "exclude each other"),
        ("standin: true, env: {A: b}", "exclude each other"),
        ("image: x, latency: 1ms", "latency steer the stand-in"),
        ("compose: x.yaml#a, capacity: 3", "capacity steer the stand-in"),
        ("command: a, entrypoint: b", "entrypoint is a container's"),
        ("image: x, files: {a: b}", "paths inside the container"),
        ("compose: x.yaml", "names no service"),
        ("image: x, command: 'open \" quote'", "can't be split"),
        ("image: x, command: []", "needs at least 1"),
        ("image: x, ready: {path: /a, log: b}", "several conditions"),
        ("image: x, ready: {log: '('}", "no regular expression"),
        ("image: x, ready: ping", "must start with /"),
        ("image: x, ready: {pth: /a}", "ready.pth is an unknown field"),
        ("build: {contxt: a}", "build.contxt is an unknown field"),
        ("image: x, memory: 256", "has no unit"),
        ("image: x, memory: much", "no amount of memory"),
        ("image: x, cpus: 0", "must be more than 0"),
        ("image: x, port: 70000", "must be at most 65535"),
    ],
)
def test_what_a_workload_can_not_be(tmp_path, part, words):
    (one,) = problems(tmp_path, f"workloads:\n  a: {{{part}}}\n")
    assert words in one.message, one
    assert one.hint
    assert one.where.line == 2


def test_a_workload_in_every_form(tmp_path):
    scenario = load_scenario(
        write(
            tmp_path,
            """workloads:
  a: {image: x, command: 'serve "a b" 1', ready: /ping, memory: 256m, cpus: 0.5, env: {A: 1}, files: {/a: b}}
  b: {build: app, ready: {command: [check, 1]}}
  c: {build: {context: app, dockerfile: D, args: {V: 2}, target: t}, ready: {log: up, within: 2s}}
  d: {compose: dir/compose.yaml#web, port: 80, user: 1000, folder: /srv, entrypoint: [/x]}
  e: {standin: true, replicas: 2, latency: 2ms}
""",
        )
    )
    a, b, c, d, e = scenario.workloads.values()
    assert a.command == ("serve", "a b", "1")
    assert a.ready is not None
    assert (a.ready.path, a.ready.within, a.memory) == ("/ping", 60, 256)
    assert b.build is not None
    assert b.ready is not None
    assert (b.build.context, b.ready.command) == ("app", ("check", "1"))
    assert c.build is not None
    assert (c.build.args, c.build.target) == ({"V": "2"}, "t")
    assert (d.user, d.entrypoint, d.own) == ("1000", ("/x",), True)
    assert (e.standin, e.own) == (True, False)


@pytest.mark.parametrize("text", ["- a\n- b\n", "just text", "a: 1\n---\nb: 2\n"])
def test_what_is_no_mapping(tmp_path, text):
    assert problems(tmp_path, text)[0].hint


def test_missing_file(tmp_path):
    with pytest.raises(DocumentError, match="no such file"):
        load_scenario(tmp_path / "other.yaml")


def test_the_schema_allows_what_the_reader_does():
    schema = scenario_schema()
    assert json.loads(json.dumps(schema)) == schema
    assert set(schema["properties"]) == set(Scenario.model_fields)
    assert schema["additionalProperties"] is False
    duration = schema["$defs"]["Slo"]["properties"]["p99"]["anyOf"][0]
    assert duration["type"] == "string"
    assert {"type": "string"} in schema["properties"]["mesh"]["anyOf"]


def test_a_problem_is_shown_with_its_line_and_a_caret(tmp_path):
    (one,) = problems(tmp_path, "name: x\nslo: {succes: 1}\n")
    lines = show(one).splitlines()
    assert lines[1:] == ["    slo: {succes: 1}", "          ^", "    → did you mean success?"]
    gone = Problem(one.where, "m", "h")
    (tmp_path / "chaosmesh.yaml").unlink()
    assert show(gone).splitlines() == [f"{one.where} m", "    → h"]


def test_the_committed_schema_is_the_one_that_is_printed():
    committed = json.loads((DOCS / "scenario.schema.json").read_text())
    assert committed == scenario_schema(), "chaosmesh schema > docs/scenario.schema.json"


def test_every_key_is_documented():
    """Each key of the schema, at whatever depth, stands in code on the page."""
    page = (DOCS / "scenario.md").read_text()
    words = {
        word for code in re.findall(r"`([^`\n]+)`|```(.*?)```", page, re.DOTALL) for word in _words(code)
    }
    schema = scenario_schema()
    parts = [schema, *schema["$defs"].values()]
    keys = {key for part in parts for key in part.get("properties", ())}
    assert keys - words == set()


def _words(code: tuple[str, str]) -> list[str]:
    return re.findall(r"\w+", " ".join(code))


def test_the_examples_of_extensions_are_a_scenario(tmp_path):
    page = (DOCS / "scenario.md").read_text()
    _, _, section = page.partition("## Fallbacks and retry budgets")
    example = re.search(r"```yaml\n(.*?)```", section, re.DOTALL)
    assert example is not None
    scenario = load_scenario(write(tmp_path, example[1]))
    assert scenario.fallbacks[0].when == ("failing", "down")
    assert scenario.retry_budgets[0].at_least == 1


FORMS = """
mesh: mesh/
entry: front
accept: [{edge: flights -> weather, fault: down, reason: known}, {edge: [a, b], fault: hang, reason: known}]
faults: [{kind: errors, status: 503, edge: a -> b}]
fallbacks: [{route: r, to: b, when: [failing, down]}, {route: s, to: b, when: ejected}]
variables: {A: 1, B: true, C: text}
load: {mix: {path: /a, body: text}, shape: {steps: [[10, 2s], {rate: 20, for: 3s}]}}
"""


@pytest.mark.parametrize(
    "text",
    [WHOLE, FORMS, *(file.read_text() for file in (ROOT / "fixtures").glob("*/chaosmesh.yaml"))],
)
def test_what_is_read_is_what_the_schema_takes(tmp_path: Path, text: str) -> None:
    """An editor that knows the schema must not underline what chaosmesh reads."""
    load_scenario(write(tmp_path, text))
    document = json.loads(json.dumps(YAML(typ="safe").load(text), default=str))
    jsonschema.validate(document, json.loads((DOCS / "scenario.schema.json").read_text()))

"""What a scenario adds to the policy: who gets it, under which rule, and what is said where a name is wrong."""

from __future__ import annotations

import json

import pytest

from chaosmesh.appmesh import clauses, load
from chaosmesh.appmesh.extensions import extend
from chaosmesh.appmesh.translate import translate
from chaosmesh.documents import Source
from chaosmesh.documents.scenario import Scenario, load_scenario
from chaosmesh.errors import DocumentError
from chaosmesh.mesh import Fallback, RetryBudget, Target

ALL = frozenset({"failing", "down", "ejected", "unhealthy"})


def node(name: str, *listeners: tuple[int, str], backends: tuple[str, ...] = ()) -> dict[str, object]:
    spec = {
        "listeners": [{"portMapping": {"port": port, "protocol": protocol}} for port, protocol in listeners],
        "serviceDiscovery": {"dns": {"hostname": name}},
        "backends": [{"virtualService": {"virtualServiceName": one}} for one in backends],
    }
    return {"virtualNodeName": name, "spec": spec}


def route(router: str, name: str, **arms: int) -> dict[str, object]:
    targets = [{"virtualNode": one, "weight": weight} for one, weight in arms.items()]
    body = {"match": {"prefix": f"/{name}"}, "action": {"weightedTargets": targets}}
    return {"virtualRouterName": router, "routeName": name, "spec": {"httpRoute": body}}


def provided(name: str, kind: str, by: str) -> dict[str, object]:
    return {"virtualServiceName": name, "spec": {"provider": {kind: {f"{kind}Name": by}}}}


DOCUMENTS = [
    node("front", backends=("color.local", "mail.local", "both.local")),
    node("other", backends=("color.local",)),
    node("blue", (80, "http")),
    node("green", (80, "http")),
    node("spare", (99, "grpc"), (81, "http"), (80, "http")),
    node("mail", (25, "tcp")),
    node("mail-spare", (26, "tcp")),
    node("both", (80, "http"), (90, "grpc")),
    {"virtualRouterName": "r", "spec": {"listeners": [{"portMapping": {"port": 80, "protocol": "http"}}]}},
    {"virtualRouterName": "empty", "spec": {}},
    route("r", "split", blue=1, green=1),
    route("r", "plain", blue=1),
    provided("color.local", "virtualRouter", "r"),
    provided("empty.local", "virtualRouter", "empty"),
    provided("mail.local", "virtualNode", "mail"),
    provided("both.local", "virtualNode", "both"),
    provided("spare.local", "virtualNode", "spare"),
]


@pytest.fixture(scope="module")
def resources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mesh")
    for index, one in enumerate(DOCUMENTS):
        (folder / f"{index}.json").write_text(json.dumps(one))
    return load([folder])


@pytest.fixture
def scenario(tmp_path):
    def write(text: str) -> Scenario:
        file = tmp_path / "chaosmesh.yaml"
        file.write_text(text)
        return load_scenario(file)

    return write


def extended(resources, scenario: Scenario):
    return extend(translate(resources), resources, scenario)


def fallback_of(mesh, service: str) -> dict[str, tuple[Target, frozenset[str]] | None]:
    routes = mesh.service(service).routes
    return {one.name: one.fallback and (one.fallback.target, one.fallback.when) for one in routes}


def test_a_scenario_without_extensions_changes_nothing(resources, scenario):
    assert extended(resources, scenario("name: x")) == translate(resources)


def test_a_fallback_of_one_route(resources, scenario):
    mesh = extended(resources, scenario("fallbacks: [{route: r/plain, to: spare, when: [down, ejected]}]"))
    # spare's first listener speaks gRPC: the one on the same port is named
    wanted = (Target("spare", 1, 80), frozenset({"down", "ejected"}))
    assert fallback_of(mesh, "color.local") == {"split": None, "plain": wanted}
    assert mesh.targets("color.local") == ("blue", "green", "spare")


def test_one_occasion_is_one_word_and_none_means_all(resources, scenario):
    mesh = extended(resources, scenario("fallbacks: [{route: plain, to: spare, when: down}]"))
    assert fallback_of(mesh, "color.local")["plain"][1] == {"down"}
    mesh = extended(resources, scenario("fallbacks: [{route: plain, to: spare}]"))
    assert fallback_of(mesh, "color.local")["plain"][1] == ALL


def test_a_fallback_of_a_service_is_one_of_each_route_that_leads_elsewhere(resources, scenario):
    mesh = extended(resources, scenario("fallbacks: [{route: color, to: blue}]"))
    assert fallback_of(mesh, "color.local") == {"split": (Target("blue", 1), ALL), "plain": None}
    text = "fallbacks: [{route: color.local, to: spare.local}, {route: r/plain, to: green}]"
    mesh = extended(resources, scenario(text))
    assert {name: one[0].workload for name, one in fallback_of(mesh, "color.local").items()} == {
        "split": "spare",
        "plain": "green",
    }


def test_a_node_that_provides_a_service_itself_has_a_fallback_per_listener(resources, scenario):
    mesh = extended(resources, scenario("fallbacks: [{route: both.local, to: spare}]"))
    found = fallback_of(mesh, "both.local")
    assert {name: one[0].port for name, one in found.items()} == {"both.local:80": 80, "both.local:90": None}
    mesh = extended(resources, scenario("fallbacks: [{route: both.local, to: green}]"))
    assert {name: bool(one) for name, one in fallback_of(mesh, "both.local").items()} == {
        "both.local:80": True,
        "both.local:90": False,
    }


def test_connections_fall_back_too(resources, scenario):
    mesh = extended(resources, scenario("fallbacks: [{route: mail, to: mail-spare}]"))
    assert fallback_of(mesh, "mail.local") == {"mail.local": (Target("mail-spare", 1), ALL)}


def test_retry_budgets_of_nodes_and_services(resources, scenario):
    text = """retry_budgets:
  - {to: color, percent: 25, at_least: 5}
  - {to: blue, from: front}
"""
    mesh = extended(resources, scenario(text))
    assert [(one.workload, one.percent, one.at_least, one.client) for one in mesh.budgets] == [
        ("blue", 25, 5, None),
        ("green", 25, 5, None),
        ("blue", 20, 3, "front"),
    ]


def test_what_is_added_is_among_the_rules(resources, scenario):
    written = scenario(
        """fallbacks:
  - {route: color, to: spare}
  - {route: both.local, to: spare}
retry_budgets:
  - {to: color}
  - {to: blue, from: front}
"""
    )
    own = {one.id for one in clauses(resources)}
    added = {one.id: one for one in clauses(resources, written) if one.id not in own}
    assert {name: one.where.line for name, one in added.items()} == {
        "virtualRouter/r/route/split/fallback": 2,
        "virtualRouter/r/route/plain/fallback": 2,
        "virtualService/both.local/fallback": 3,
        "retryBudget/color": 5,
        "retryBudget/blue/from/front": 6,
    }
    value = added["virtualRouter/r/route/plain/fallback"].value
    assert value == Fallback(Target("spare", 1, 80), ALL)
    assert added["virtualRouter/r/route/plain/fallback"].resource.id == "virtualRouter/r/route/plain"
    assert added["retryBudget/blue/from/front"].value == (RetryBudget("blue", 20, 3, "front"),)
    mesh = extended(resources, written)
    plain = next(one for one in mesh.service("color.local").routes if one.name == "plain")
    assert plain.fallback.clause.id == "virtualRouter/r/route/plain/fallback"
    assert plain.fallback.clause.where.line == 2
    assert {one.clause.id for one in mesh.budgets} == {"retryBudget/color", "retryBudget/blue/from/front"}


@pytest.mark.parametrize(
    ("entry", "column", "message", "hint"),
    [
        ("fallbacks: [{route: r/plian, to: spare}]", 14, "no route or virtual service r/plian", "did you mean r/plain?"),
        ("fallbacks: [{route: plain, to: spear}]", 28, "no virtual node or service spear", "did you mean spare?"),
        ("fallbacks: [{route: plain, to: blue}]", 28, "what plain calls already", "name another node"),
        ("fallbacks: [{route: plain, to: mail}]", 28, "no listener that speaks http", "name a node"),
        ("fallbacks: [{route: plain, to: color.local}]", 28, "has 2 nodes behind it", "name one: blue, green"),
        ("fallbacks: [{route: plain, to: empty.local}]", 28, "no node serves empty.local", "name a virtual node"),
        ("fallbacks: [{route: empty, to: spare}]", 14, "has no routes", "leads somewhere"),
        ("fallbacks: [{route: plain, to: spare}, {route: r/plain, to: green}]", 40, "has a fallback already", "away"),
        ("retry_budgets: [{to: bleu}]", 18, "no virtual node or service bleu", "did you mean blue?"),
        ("retry_budgets: [{to: blue, from: frnt}]", 28, "no virtual node or gateway frnt", "did you mean front?"),
        ("retry_budgets: [{to: mail, from: other}]", 28, "other never calls mail", "other calls blue, green"),
        ("retry_budgets: [{to: blue}, {to: color}]", 29, "has a retry budget already", "take one of them away"),
    ],
)  # fmt: skip
def test_a_wrong_name_is_said_at_its_place(resources, scenario, entry, column, message, hint):
    with pytest.raises(DocumentError) as caught:
        extended(resources, scenario(f"name: x\n{entry}"))
    (problem,) = caught.value.problems
    assert (problem.where.line, problem.where.column) == (2, column)
    assert message in problem.message
    assert hint in problem.hint


def test_all_wrong_names_at_once(resources, scenario):
    with pytest.raises(DocumentError) as caught:
        extended(resources, scenario("fallbacks: [{route: x, to: y}]\nretry_budgets: [{to: z}]"))
    assert len(caught.value.problems) == 3


def test_routes_of_one_name_in_two_routers_are_told_apart(tmp_path, resources, scenario):
    twin = tmp_path / "twin.json"
    twin.write_text(json.dumps(route("empty", "plain", blue=1)))
    both = resources.updated([Source(twin)])
    with pytest.raises(DocumentError, match="2 routes have the name plain") as caught:
        extended(both, scenario("fallbacks: [{route: plain, to: spare}]"))
    assert caught.value.problems[0].hint == "write one of r/plain, empty/plain"

"""Where workloads stand in the picture of a mesh."""

from __future__ import annotations

from dataclasses import replace

from chaosmesh.mesh.picture import Picture, picture
from tests.meshes import mesh, route, service, workload


def _columns(found: Picture) -> dict[str, int]:
    return {one.id: one.column for one in found.nodes}


def _crossings(found: Picture) -> int:
    rows = {one.id: one.row for one in found.nodes}
    columns = _columns(found)
    lines = [(one.client, name) for one in found.edges for name, _ in one.targets]
    return sum(
        (rows[a] - rows[c]) * (rows[b] - rows[d]) < 0
        for a, b in lines
        for c, d in lines
        if columns[a] == columns[c] and columns[b] == columns[d]
    )


def _airport() -> Picture:
    flights = route("flights.local", "all", {"v1": 80, "v2": 20})
    weather = route("weather.local", "all", {"weather": 100})
    return picture(
        mesh(
            [
                workload("weather"),
                workload("v2", "weather.local"),
                workload("v1", "weather.local"),
                workload("departures", "flights.local"),
            ],
            [service("flights.local", flights), service("weather.local", weather)],
        ),
        ["departures"],
    )


def test_callers_stand_on_the_left_and_short_columns_in_the_middle() -> None:
    found = _airport()
    assert _columns(found) == {"departures": 0, "v1": 1, "v2": 1, "weather": 2}
    rows = {one.id: one.row for one in found.nodes}
    assert rows["departures"] == rows["weather"] == 0.5
    assert {rows["v1"], rows["v2"]} == {0.0, 1.0}
    assert [one.id for one in found.nodes if one.entry] == ["departures"]
    assert (found.columns, found.rows) == (3, 2)


def test_an_arrow_has_the_weights_of_the_widest_route() -> None:
    arrows = {one.id: one.targets for one in _airport().edges}
    assert arrows["departures->flights"] == (("v1", 80.0), ("v2", 20.0))
    assert arrows["v1->weather"] == (("weather", 100.0),)


def test_services_that_begin_alike_keep_their_whole_names() -> None:
    services = [service(one, route(one, "all", {"b": 1})) for one in ("b.green", "b.blue", "c.blue")]
    found = picture(mesh([workload("a", "b.green", "c.blue"), workload("b")], services))
    assert [(one.id, one.label) for one in found.edges] == [("a->b.green", "a → b.green"), ("a->c", "a → c")]


def test_a_target_of_a_narrow_route_is_drawn_without_a_share() -> None:
    narrow, wide = route("c", "crew", {"b": 1}), route("c", "all", {"a": 1})
    found = picture(mesh([workload("x", "c"), workload("a"), workload("b")], [service("c", narrow, wide)]))
    assert dict(found.edges[0].targets) == {"a": 100.0, "b": 0.0}


def test_a_workload_stands_behind_everybody_who_calls_it() -> None:
    found = picture(
        mesh(
            [workload("a", "b", "c"), workload("b", "c"), workload("c")],
            [service(one, route(one, "all", {one: 1})) for one in ("b", "c")],
        )
    )
    assert _columns(found) == {"a": 0, "b": 1, "c": 2}


def test_a_call_that_leads_back_does_not_push_anybody_away() -> None:
    found = picture(
        mesh(
            [workload("a", "b"), workload("b", "a", "b")],
            [service(one, route(one, "all", {one: 1})) for one in ("a", "b")],
        ),
        ["a"],
    )
    assert _columns(found) == {"a": 0, "b": 1}
    assert len(found.edges) == 3


def test_rows_are_ordered_so_that_arrows_don_t_cross() -> None:
    names = [f"s{number}" for number in range(6)]
    clients = [workload(f"c{number}", names[5 - number]) for number in range(6)]
    found = picture(
        mesh([*clients, *map(workload, names)], [service(one, route(one, "all", {one: 1})) for one in names])
    )
    assert _crossings(found) == 0


def test_a_long_chain_is_laid_out() -> None:
    size = 2000
    nodes = [workload(f"n{i}", *([f"n{i + 1}"] if i + 1 < size else [])) for i in range(size)]
    services = [service(f"n{i}", route(f"n{i}", "all", {f"n{i}": 1})) for i in range(1, size)]
    assert picture(mesh(nodes, services), ["n0"]).columns == size


def test_gateways_externals_and_services_without_a_route() -> None:
    gate = replace(workload("gate", "nowhere"), gateway=True)
    found = picture(mesh([gate], [service("nowhere")]), ["gate"], ["orders-db"])
    assert [(one.id, one.kind, one.column) for one in found.nodes] == [
        ("gate", "gateway", 0),
        ("orders-db", "external", 1),
    ]
    assert found.edges[0].targets == ()


def test_an_empty_mesh_has_an_empty_picture() -> None:
    assert picture(mesh([], [])) == Picture((), (), 0, 0)

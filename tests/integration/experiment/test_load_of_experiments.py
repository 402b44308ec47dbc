"""Load as load testers write it, through a real mesh: rates that can't be held, shapes, mixes, protocols, locustfiles."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from chaosmesh import Invalid, Verdict, at_least, at_most, request, steps
from chaosmesh.engine.experiment.inputs import Wanted
from chaosmesh.engine.experiment.session import Meshes
from chaosmesh.engine.experiment.view import MeshView, experiment
from chaosmesh.errors import UsageError
from tests.integration.experiment.undisturbed import undisturbed

pytestmark = pytest.mark.integration

LOCUSTFILE = """
from locust import FastHttpUser, constant, task

class Passenger(FastHttpUser):
    wait_time = constant(0.02)

    @task
    def look(self):
        self.client.get("/flights/NH10")
"""


def test_an_impossible_rate_is_the_generators_fault_and_never_called_a_slow_service(mesh: MeshView) -> None:
    with pytest.raises(Invalid) as error:
        mesh.load(rate=200_000, count=1_500, path="/flights/NH10").expect(
            success=at_least(0.99), p99=at_most("100ms")
        )
    run = error.value.run
    assert run.verdict is Verdict.INVALID
    assert run.reason.startswith("the generator")
    assert str(error.value).startswith("the generator")


def test_a_shape_is_gone_through_before_anything_passes(mesh: MeshView) -> None:
    shape = steps((20, "1s"), (160, "1.5s"))
    run = undisturbed(lambda: mesh.load(shape=shape, path="/flights/NH10").expect(success=at_least(0.8)))
    per_stream = [len(run.ledger.requests(one)) for one in run.streams]
    assert per_stream[0] == 260


def test_a_mix_with_two_workers_is_one_record(mesh: MeshView) -> None:
    mix = [
        request("/flights/NH10", weight=3),
        request("/flights/NH20", name="other", headers={"x-user": "beta"}),
    ]
    run = undisturbed(lambda: mesh.load(mix=mix, rate=80, count=240, workers=2).expect(success=at_least(0.8)))
    stream = run.streams[-1]
    records = sorted((one for number, one in run.ledger.records if number == stream), key=lambda one: one.seq)
    assert [one.seq for one in records] == list(range(len(records)))
    assert len(records) >= 200
    gaps = {round((b.intended_ns - a.intended_ns) / 1e6, 3) for a, b in pairwise(records)}
    assert gaps == {12.5}
    assert {one.spec for one in records} == {0, 1}


def test_users_of_a_locustfile_go_through_the_mesh_and_are_called_closed(
    mesh: MeshView, tmp_path: Path
) -> None:
    file = tmp_path / "locustfile.py"
    file.write_text(LOCUSTFILE)
    weather = mesh.edge("flights", "weather")
    with weather.errors(503, share=0.3):
        run = undisturbed(
            lambda: mesh.locustfile(file, users=3).expect(
                success=at_least(0.8), attempts=at_most(2.5, on=weather)
            )
        )
    assert run.requests >= 200
    assert "closed: 3 users" in run.evidence
    requests = run.ledger.requests(run.streams[-1])
    assert all(one.calls for one in requests if one.complete)


def test_a_broken_locustfile_and_a_protocol_that_nobody_takes_are_refused(
    mesh: MeshView, tmp_path: Path
) -> None:
    file = tmp_path / "locustfile.py"
    file.write_text("import locust\nimport nothing_like_it\n")
    with pytest.raises(UsageError, match="nothing_like_it") as error:
        mesh.locustfile(file, users=1).expect(success=at_least(0.9))
    assert str(error.value.where) == f"{file}:2:1"
    with pytest.raises(UsageError):
        mesh.load(protocol="grpc", path="/a.B/C").expect(success=at_least(0.9))


def node(name: str, *listeners: tuple[int, str]) -> dict[str, object]:
    mappings = [{"portMapping": {"port": port, "protocol": protocol}} for port, protocol in listeners]
    spec = {"listeners": mappings, "serviceDiscovery": {"dns": {"hostname": f"{name}.local"}}}
    return {"meshName": "spoken", "virtualNodeName": name, "spec": spec}


def test_grpc_http2_and_tcp_users_come_in_where_they_are_spoken(tmp_path: Path) -> None:
    (tmp_path / "mesh.json").write_text(json.dumps({"meshName": "spoken", "spec": {}}))
    for one in (node("rpc", (9000, "grpc")), node("web", (8080, "http2")), node("line", (9001, "tcp"))):
        (tmp_path / f"{one['virtualNodeName']}-node.json").write_text(json.dumps(one))
    kept = Meshes(tmp_path / "runs")
    try:
        live = kept.of(Wanted((tmp_path,)))
        mesh, _ = experiment(live, seed=7)
        for load in (
            lambda: mesh.load(protocol="grpc", path="/a.B/C", body=b"hello", entry="rpc", rate=80, count=200),
            lambda: mesh.load(protocol="http2", path="/x", rate=80, count=200, entry="web"),
            lambda: mesh.load(protocol="tcp", body=b"hello", rate=80, count=200),
        ):
            run = undisturbed(lambda load=load: load().expect(success=at_least(0.8)))
            assert run.requests >= 200
        with pytest.raises(UsageError, match=r"web has no listener|where do users come in"):
            mesh.load(protocol="tcp", body=b"x", entry="web").expect(success=at_least(0.8))
        kept.settle(live)
    finally:
        kept.close()

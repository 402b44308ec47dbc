"""Faults on what is outside a mesh, in a test's hands: a real TCP server behind a real proxy of the process runtime."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from chaosmesh.engine.experiment.inputs import Wanted
from chaosmesh.engine.experiment.session import Meshes, experiment
from chaosmesh.engine.experiment.view import MeshView
from chaosmesh.errors import DocumentError, UsageError
from chaosmesh.testcontainers import MeshContainer
from tests.integration.pong import Client, pinged, pong, soonest

pytestmark = pytest.mark.integration
AIRPORT = Path(__file__).parents[3] / "fixtures" / "airport"


def scenario(folder: Path, text: str) -> Path:
    file = folder / "chaosmesh.yaml"
    file.write_text(textwrap.dedent(text))
    return file


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeshView]:
    folder = tmp_path_factory.mktemp("externals")
    with pong() as port:
        file = scenario(folder, f"externals: {{orders-db: {{address: '127.0.0.1:{port}'}}}}\n")
        meshes = Meshes(folder / "runs")
        live = meshes.of(Wanted((AIRPORT,), scenario=file))
        view, _ = experiment(live)
        yield view
        meshes.settle(live)
        assert meshes.close() == []


def left(mesh: MeshView) -> list[str]:
    live = mesh.session.live
    return live.call(live._sweep.remaining(probing=False))


def test_it_is_reached_through_a_proxy_of_its_own(mesh: MeshView) -> None:
    db = mesh.external("orders-db")
    assert db.address.startswith("127.")
    assert not db.address.startswith("127.0.0.1:")
    pinged(db.address)


def test_latency_is_felt_on_open_connections_and_gone_afterwards(mesh: MeshView) -> None:
    db = mesh.external("orders-db")
    client = Client(db.address)
    client.ping()
    with db.latency("200ms") as fault:
        assert client.ping() >= 0.2
        assert any("orders-db" in one for one in left(mesh))
    assert soonest(client.ping) < 0.2
    client.close()
    dose = fault.in_force.faults[0].dose([])
    assert dose.hit == 1
    assert "had the toxic latency on it (1 connections at once" in dose.evidence
    assert left(mesh) == []


def test_down_ends_connections_and_refuses_new_ones(mesh: MeshView) -> None:
    db = mesh.external("orders-db")
    client = Client(db.address)
    with db.down() as fault:
        with pytest.raises(OSError):
            client.ping()
        with pytest.raises(ConnectionRefusedError):
            pinged(db.address)
    pinged(db.address)
    assert fault.in_force.faults[0].dose([]).delivered
    assert left(mesh) == []


def test_a_reset_cuts_what_is_open_and_new_ones_work(mesh: MeshView) -> None:
    db = mesh.external("orders-db")
    client = Client(db.address)
    client.ping()
    with db.reset(every="5s") as fault:
        with pytest.raises(OSError):
            client.ping()
        pinged(db.address)
    assert "was cut 1 times" in fault.in_force.faults[0].dose([]).evidence
    assert left(mesh) == []


def test_a_timeout_gives_no_answer_until_it_is_healed(mesh: MeshView) -> None:
    db = mesh.external("orders-db")
    with db.timeout(), pytest.raises(TimeoutError):
        pinged(db.address, timeout=0.3)
    pinged(db.address)
    assert left(mesh) == []


@pytest.mark.parametrize("make", ["bandwidth", "slow_close", "slicer", "limit_data"])
def test_every_other_one_is_put_in_force_and_taken_off(mesh: MeshView, make) -> None:
    db = mesh.external("orders-db")
    fault = {
        "bandwidth": lambda: db.bandwidth("64KB/s"),
        "slow_close": lambda: db.slow_close("100ms"),
        "slicer": lambda: db.slicer(size=2, delay="1ms"),
        "limit_data": lambda: db.limit_data("1KB"),
    }[make]()
    with fault:
        pinged(db.address)
        assert any("orders-db" in one for one in left(mesh))
    assert left(mesh) == []


def test_a_fault_that_nobody_met_is_not_delivered(mesh: MeshView) -> None:
    with mesh.external("orders-db").latency("100ms") as fault:
        pass
    assert not fault.in_force.faults[0].dose([]).delivered


def test_an_unknown_one_is_an_error_with_the_known(mesh: MeshView) -> None:
    with pytest.raises(UsageError, match="no external 'cache'") as error:
        mesh.external("cache")
    assert "orders-db" in error.value.hint


PROGRAM = """
import os, socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            place = os.environ["ORDERS_DB_HOST"], int(os.environ["ORDERS_DB_PORT"])
            with socket.create_connection(place, 20) as one:
                one.sendall(b"PING\\r\\n")
                assert one.recv(100) == b"+PONG\\r\\n"
            status = 200
        except (OSError, AssertionError):
            status = 200 if self.path == "/ping" else 501
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""


def test_a_program_of_this_machine_finds_it_and_feels_its_faults(tmp_path: Path) -> None:
    (tmp_path / "weather.py").write_text(PROGRAM)
    with pong() as port:
        file = scenario(
            tmp_path,
            f"""
            externals: {{orders-db: {{address: 'localhost:{port}'}}}}
            workloads: {{weather: {{command: [{sys.executable}, weather.py]}}}}
            """,
        )
        with MeshContainer(AIRPORT).with_runtime("process").with_scenario(file).with_runs(tmp_path) as mesh:
            url = f"{mesh.get_entry_url()}/flights/NH10"
            assert urlopen(url, timeout=20).status == 200
            with mesh.external("orders-db").down(), pytest.raises(HTTPError, match="501"):
                urlopen(url, timeout=20)
            assert urlopen(url, timeout=20).status == 200


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("externals: {db: {image: 'postgres:17', port: 5432}}", "an image needs containers"),
        ("externals: {db: {address: nowhere}}", "is no address"),
        ("externals: {db: {image: redis}}", "the port is missing"),
        ("externals: {db: {}}", "write address: host:port, or image: and port:"),
        ("externals: {DB: {address: 'a:1'}}", "can't be a host's name"),
        ("externals: {flights.airport.local: {address: 'a:1'}}", "can't be a host's name"),
        ("externals: {db: {address: 'a:1', port: 3}}", "port and env belong to an image"),
    ],
)
def test_what_can_not_be_is_said_with_its_place(tmp_path: Path, text, words) -> None:
    file = scenario(tmp_path, text + "\n")
    with pytest.raises(DocumentError, match=words) as error:
        Meshes(tmp_path / "runs").of(Wanted((AIRPORT,), scenario=file))
    assert str(file) in str(error.value)

"""Programs that know nothing of a mesh go through it: they call names, and their sidecar is in the way."""

from __future__ import annotations

import base64
import json
import socket
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from docker import DockerClient

from chaosmesh.mesh import Mesh, Retry
from chaosmesh.runtime import probe
from chaosmesh.services.program import Program, Ready
from tests.certificates import Authority
from tests.meshes import mesh, route, service, workload

from .pods import RUN, Pods, pods

pytestmark = pytest.mark.integration

WEATHER, LEAF, STORE, HIDDEN = (f"{name}.airport.local" for name in ("weather", "leaf", "store", "hidden"))
OUTSIDE, AWS = "outside.example", "sqs.eu-west-1.amazonaws.com"
RETRY = Retry(
    2, None, statuses=(503,), on_connect_failure=True, on_refused_stream=True, grpc=("unavailable",)
)

PASSES_ON = """
import http.server, sys, urllib.error, urllib.request

class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/ping":
            return self.answer(200, b"pong")
        headers = {name: self.headers[name] for name in ("x-request-id", "x-standin") if name in self.headers}
        request = urllib.request.Request("http://weather.airport.local:8080" + self.path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                self.answer(answer.status, answer.read())
        except urllib.error.HTTPError as error:
            self.answer(error.code, error.read())

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

for place in sys.argv[2:]:
    host, _, port = place.rpartition(":")
    import threading
    threading.Thread(target=http.server.ThreadingHTTPServer((host, int(port)), Answer).serve_forever).start()
"""
"""A web program that asks the weather service by its name for all but /ping."""

H2C = """
import socket, struct, sys
import h2.connection, h2.events
host, port = sys.argv[1], int(sys.argv[2])
link = h2.connection.H2Connection()
link.initiate_connection()
link.send_headers(1, [(":method", "POST"), (":scheme", "http"), (":path", "/chaosmesh.standin.v1.StandIn/Call"),
    (":authority", f"{host}:{port}"), ("content-type", "application/grpc"), ("te", "trailers"),
    *(one.split("=", 1) for one in sys.argv[3:])])
link.send_data(1, struct.pack("!BI", 0, 0), end_stream=True)
with socket.create_connection((host, port), 20) as one:
    one.sendall(link.data_to_send())
    seen, ended = {}, False
    while not ended and (data := one.recv(65536)):
        for event in link.receive_data(data):
            if isinstance(event, (h2.events.ResponseReceived, h2.events.TrailersReceived)):
                seen |= {str(getattr(k, "decode", lambda k=k: k)()): str(getattr(v, "decode", lambda v=v: v)()) for k, v in event.headers}
            ended = ended or isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset))
        one.sendall(link.data_to_send())
print(seen.get(":status"), seen.get("grpc-status"))
"""
"""A gRPC client in plain text."""

LINE = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), 20) as one:
    one.settimeout(20)
    one.sendall(b"\\n")
    text = one.makefile().readline()
    one.sendall(b"echo")
    print(text.strip(), one.recv(4).decode())
"""

TOUCH = """
import socket, ssl, sys
try:
    with socket.create_connection((sys.argv[1], int(sys.argv[2])), 10) as one:
        one.settimeout(10)
        if sys.argv[3:]:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            one = context.wrap_socket(one, server_hostname=sys.argv[3])
        print(one.recv(100).decode() or "closed")
except (ssl.SSLError, ConnectionResetError) as error:
    print("closed")
except OSError as error:
    print(type(error).__name__)
"""
"""Connects, over TLS where a name is given, says nothing, and prints what it is told."""

SPEAKS = """
import base64, http.server, os, pathlib, socket, ssl, threading

def serve(port, context=None):
    server = socket.create_server(("0.0.0.0", port))
    while True:
        one, _ = server.accept()
        threading.Thread(target=talk, args=(one, port, context), daemon=True).start()

def talk(one, port, context):
    try:
        if context:
            one = context.wrap_socket(one, server_side=True)
        one.settimeout(10)
        if port == 8080:
            one.recv(65536)
            one.sendall(b"HTTP/1.1 200 OK\\r\\nconnection: close\\r\\ncontent-length: 7\\r\\n\\r\\noutside")
        else:
            one.sendall(f"outside {port}".encode())
        one.close()
    except OSError:
        pass

pem = pathlib.Path("/tmp/pem")
pem.write_bytes(base64.b64decode(os.environ["PEM"]))
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(pem)
for port in (22, 5432, 8080, 8443):
    threading.Thread(target=serve, args=(port,)).start()
threading.Thread(target=serve, args=(443, tls)).start()
print("listening", flush=True)
"""
"""A server outside of the mesh, which speaks first."""


def airport() -> Mesh:
    retried = {"retry": RETRY}
    return mesh(
        [
            workload("caller", WEATHER, LEAF, STORE),
            workload("mapped", WEATHER),
            workload("weather"),
            workload("leaf", port=9090, protocol="grpc"),
            workload("store", port=7000, protocol="tcp"),
            workload("hidden"),
        ],
        [
            service(WEATHER, route(WEATHER, "all", {"weather": 1}, retry=RETRY)),
            service(
                LEAF,
                route(LEAF, "all", {"leaf": 1}, protocol="grpc", **retried),
                port=9090,
                protocol="grpc",
            ),
            service(STORE, route(STORE, "all", {"store": 1}, protocol="tcp"), port=7000, protocol="tcp"),
            service(HIDDEN, route(HIDDEN, "all", {"hidden": 1})),
        ],
    )


@pytest.fixture(scope="module")
def live(
    docker_engine: DockerClient, docker_images: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pods]:
    image = docker_images["standin"]  # has Python
    entry = ("python3", "-c", PASSES_ON)
    own = {
        "caller": Program("caller", image=image, entrypoint=entry, command=("-", "127.0.0.1:8080")),
        "mapped": Program(
            "mapped",
            image=image,
            entrypoint=entry,
            command=("-", "0.0.0.0:3000", "0.0.0.0:7777"),
            ports={8080: 3000},
            proxy={"EgressIgnoredPorts": "22,5432"},
            ready=Ready(path="/ping"),
        ),
    }
    with pods(airport(), tmp_path_factory.mktemp("unmodified"), docker_engine, own=own) as one:
        outside(one, image)
        yield one


def outside(one: Pods, image: str) -> None:
    """A container on the same network that the mesh knows nothing of; it has two names."""
    network = f"chaosmesh-{one.stack.run}"
    address = f"{one.stack.topology.subnet}.255.7"
    secret = Authority("test").issue(OUTSIDE, AWS)
    place = one.engine.api.create_endpoint_config(aliases=[OUTSIDE, AWS], ipv4_address=address)
    made = one.engine.containers.create(
        image,
        ["-c", SPEAKS],
        entrypoint=["python3"],
        user="0",
        network=network,
        networking_config={network: place},
        environment={"PEM": base64.b64encode(f"{secret.key}{secret.chain}".encode()).decode()},
        labels={RUN: one.stack.run},
    )
    made.start()
    for line in made.logs(stream=True, follow=True):
        if b"listening" in line:
            return
    raise AssertionError(made.logs())


@pytest.fixture
def opened(live: Pods) -> Iterator[Pods]:
    """The same mesh with an open egress."""
    closed = live.stack.mesh
    live.run(live.stack.apply(replace(closed, open_egress=True)))
    yield live
    live.run(live.stack.apply(closed))


def test_a_call_by_name_goes_through_the_mesh_and_is_tried_again(live: Pods) -> None:
    """The program listens on 127.0.0.1 alone, and calls http://weather.airport.local:8080."""
    caller, number = live.replica("caller"), str(uuid.uuid4())
    status, body = live.get(
        caller.sidecar, 8080, "/NH10", x_request_id=number, x_standin="weather=status:503;attempts:2"
    )
    assert (status, json.loads(body)["node"], json.loads(body)["attempt"]) == (200, "weather", 3)
    (call,) = live.calls("caller", WEATHER, lambda found: any(c.request_id == number for c in found))[-1:]
    assert call.request_id == number
    assert [one.status for one in call.attempts] == [503, 503, 200]
    passed = {("caller", "ingress"), ("caller", "egress"), ("weather", "ingress")}

    async def lacking() -> str:
        rows = [one for one in live.stack.ledger.rows if one.request_id == number]
        seen = {(one.sidecar.rpartition(".")[0], one.side) for one in rows}
        return "" if seen == passed else str(seen)

    live.run(probe.until("every sidecar on the way has told of it", lacking, within=20))


def test_a_program_may_listen_everywhere_and_on_another_port(live: Pods) -> None:
    mapped = live.replica("mapped")
    assert live.get(mapped.sidecar, 8080, "/ping") == (200, "pong")
    status, body = live.get(mapped.sidecar, 8080, "/x")
    assert (status, json.loads(body)["node"]) == (200, "weather")


def test_what_comes_in_on_a_port_that_is_not_modelled_meets_the_program_itself(live: Pods) -> None:
    mapped, numbers = live.replica("mapped"), [str(uuid.uuid4()) for _ in range(2)]
    for number, port in zip(numbers, (7777, 8080), strict=True):
        assert live.get(mapped.sidecar, port, "/ping", x_request_id=number) == (200, "pong")

    async def look() -> str:
        return "" if numbers[1] in {one.request_id for one in live.stack.ledger.rows} else "no row"

    live.run(probe.until("the later one is logged", look, within=20))
    assert numbers[0] not in {one.request_id for one in live.stack.ledger.rows}


def test_grpc_in_plain_text_goes_through_the_mesh_and_is_tried_again(live: Pods) -> None:
    number = str(uuid.uuid4())
    told = [f"x-request-id={number}", "x-standin=leaf=grpc:14;attempts:1"]
    assert live.inside("caller", H2C, LEAF, "9090", *told) == "200 0"
    calls = live.calls("caller", LEAF, lambda found: any(c.request_id == number for c in found))
    (call,) = [one for one in calls if one.request_id == number]
    assert len(call.attempts) == 2


def test_plain_tcp_goes_through_the_mesh(live: Pods) -> None:
    text, _, echoed = live.inside("caller", LINE, STORE, "7000").rpartition(" ")
    assert (json.loads(text)["node"], echoed) == ("store", "echo")
    (call, *_) = live.calls("caller", STORE, bool)
    assert call.attempts[0].status == 200


def test_a_closed_egress_knows_no_other_hosts_and_ports(live: Pods) -> None:
    assert live.ask("caller", f"http://{OUTSIDE}:8080/")[0] == 404
    assert live.ask("caller", f"http://{HIDDEN}:8080/")[0] == 404  # of the mesh, and no backend of this one
    assert live.ask("caller", f"http://{live.stack.topology.subnet}.255.7:8080/")[0] == 404
    assert live.inside("caller", TOUCH, OUTSIDE, "8443") == "closed"
    assert live.inside("caller", TOUCH, OUTSIDE, "5432") == "closed"
    assert live.inside("caller", TOUCH, OUTSIDE, "443", OUTSIDE) == "closed"


def test_aws_is_let_through_a_closed_egress_by_its_name(live: Pods) -> None:
    assert live.inside("caller", TOUCH, AWS, "443", AWS) == "outside 443"


def test_ignored_ports_are_not_captured(live: Pods) -> None:
    assert live.inside("caller", TOUCH, OUTSIDE, "22") == "outside 22"
    assert live.inside("mapped", TOUCH, OUTSIDE, "5432") == "outside 5432"


def test_an_open_egress_lets_everything_out(opened: Pods) -> None:
    assert opened.inside("caller", TOUCH, OUTSIDE, "443", OUTSIDE) == "outside 443"
    assert opened.inside("caller", TOUCH, OUTSIDE, "5432") == "outside 5432"
    assert opened.ask("caller", f"http://{OUTSIDE}:8080/") == (200, "outside")
    assert opened.ask("caller", f"http://{opened.stack.topology.subnet}.255.7:8080/") == (200, "outside")
    status, body = opened.ask("caller", f"http://{HIDDEN}:8080/")
    assert (status, json.loads(body)["node"]) == (200, "hidden")
    status, body = opened.ask("caller", f"http://{WEATHER}:8080/", x_standin="weather=status:503;attempts:1")
    assert (status, json.loads(body)["attempt"]) == (200, 2)


def test_who_asks_from_this_machine_is_heard_without_a_detour(live: Pods) -> None:
    """The egress address of a service, as load enters at a workload's egress."""
    egress = live.stack.topology.egress("caller", WEATHER)
    asked = urllib.request.Request(f"http://{egress.address}:8080/x", headers={"Host": WEATHER})
    with urllib.request.urlopen(asked, timeout=20) as answer:
        assert json.loads(answer.read())["node"] == "weather"


@pytest.mark.parametrize("role", ["sidecar", "holder"])
def test_our_own_containers_have_no_rights(live: Pods, role: Any) -> None:
    attrs = live.container("caller", role).attrs
    assert attrs["HostConfig"]["CapDrop"] == ["ALL"]
    assert attrs["HostConfig"]["Privileged"] is False
    assert (attrs["HostConfig"]["CapAdd"] is None) == (role == "sidecar")


def test_the_admin_page_is_not_for_other_pods(live: Pods) -> None:
    address = live.replica("weather").sidecar
    with socket.create_connection((address, 9901), 10):
        pass
    assert live.ask("caller", f"http://{address}:9901/")[0] == 0

"""Workloads' own programs as users write them down: an image or a folder, with all that can be said of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker import DockerClient

from chaosmesh.services.program import Program, Ready, Volume
from tests.meshes import mesh, workload

from .pods import Pods, pods

pytestmark = pytest.mark.integration

TELLS = """
import http.server, json, os, pathlib, resource, sys

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path = pathlib.Path(self.path)
        if self.path == "/about":
            said = {"argv": sys.argv[1:], "env": dict(os.environ), "uid": os.getuid(), "folder": os.getcwd()}
        elif path.is_file():
            said = path.read_text()
        elif path.is_dir():
            said = sorted(one.name for one in path.iterdir())
        else:
            said = None
        body = json.dumps(said).encode()
        self.send_response(200 if said is not None else 404)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = http.server.HTTPServer(("0.0.0.0", int(os.environ.get("PORT", "8080"))), Answer)
print("open for business", flush=True)
server.serve_forever()
"""
"""A web program that tells how it was started and what is in its file system."""

HEALTHY = """
import socket, struct, sys, threading
import h2.config, h2.connection, h2.events

def serve(one):
    link = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
    link.initiate_connection()
    one.sendall(link.data_to_send())
    while data := one.recv(65536):
        for event in link.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                path = dict(event.headers)[":path"]
            elif isinstance(event, h2.events.DataReceived):
                asked = event.data[7:].decode()
                print(path, asked, flush=True)
                link.send_headers(event.stream_id, [(":status", "200"), ("content-type", "application/grpc")])
                status = 1 if asked == sys.argv[1] else 2
                link.send_data(event.stream_id, struct.pack("!BI", 0, 2) + bytes([8, status]))
                link.send_headers(event.stream_id, [("grpc-status", "0")], end_stream=True)
        one.sendall(link.data_to_send())

server = socket.create_server(("127.0.0.1", 8080))
while True:
    threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
"""
"""A gRPC program that is healthy as far as one service of it is asked for."""

DOCKERFILE = """
ARG BASE
FROM ${BASE} AS first
ENV STAGE=first
FROM first AS second
ENV STAGE=second
COPY tells.py /srv/tells.py
ENTRYPOINT ["python3", "/srv/tells.py"]
CMD ["of", "the", "image"]
FROM second AS third
ENV STAGE=third
"""


@pytest.fixture(scope="module")
def live(
    docker_engine: DockerClient, docker_images: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pods]:
    folder = tmp_path_factory.mktemp("built")
    (folder / "Containerfile").write_text(DOCKERFILE)
    (folder / "tells.py").write_text(TELLS)
    shared = tmp_path_factory.mktemp("shared")
    (shared / "one.txt").write_text("one")
    shared.chmod(0o755)
    image = docker_images["standin"]
    run = ("python3", "-c", TELLS)
    built = {"build": str(folder), "dockerfile": "Containerfile", "build_args": {"BASE": image}}
    own = [
        Program(
            "plain",
            image=image,
            entrypoint=run,
            command=("{port}", "{{port}}"),
            env={"GREETING": "hello", "COPY": "{replica}"},
            ready=Ready(path="/about"),
        ),
        Program("built", **built, build_target="second", ready=Ready(command=("test", "-f", "/srv/tells.py"))),
        Program("later", **built, command=("of", "ours"), user="1000", folder="/tmp", env={"PORT": "9999"},
                ports={8080: 9999}, ready=Ready(log="^open for .*$")),
        Program(
            "filed",
            image=image,
            entrypoint=run,
            files=(
                Volume("/data", source=str(shared)),
                Volume("/again", source=str(shared), read_only=False),
                Volume("/etc/app/app.conf", text="colour = blue\n"),
                Volume("/scratch", size_mb=8),
            ),
            ready=Ready(port=8080),
        ),
        Program("healthy", image=image, entrypoint=("python3", "-c", HEALTHY), command=("gates",), ready=Ready(grpc="gates")),
        Program("bounded", image=image, entrypoint=run, cpus=0.5, memory_mb=64),
    ]  # fmt: skip
    made = mesh([workload(one.node, protocol="grpc" if one.node == "healthy" else "http") for one in own], [])
    programs = {one.node: one for one in own}
    with pods(made, tmp_path_factory.mktemp("workloads"), docker_engine, own=programs) as one:
        yield one


def tell(live: Pods, node: str, path: str = "/about") -> object:
    status, body = live.get(live.replica(node).sidecar, 8080, path)
    return json.loads(body) if status == 200 else status


def test_an_image_with_a_command_an_environment_and_placeholders(live: Pods) -> None:
    about = tell(live, "plain")
    assert about["argv"] == ["8080", "{port}"]
    assert about["env"]["GREETING"] == "hello"
    assert about["env"]["COPY"] == "0"


def test_a_stage_of_a_folder_that_is_built(live: Pods) -> None:
    about = tell(live, "built")
    assert about["env"]["STAGE"] == "second"
    assert about["argv"] == ["of", "the", "image"]


def test_another_command_user_and_folder_on_another_port(live: Pods) -> None:
    about = tell(live, "later")
    assert about["env"]["STAGE"] == "third"
    assert about["argv"] == ["of", "ours"]
    assert (about["uid"], about["folder"]) == (1000, "/tmp")


def test_files_of_the_host_texts_and_room_of_its_own(live: Pods) -> None:
    assert tell(live, "filed", "/data/one.txt") == "one"
    assert tell(live, "filed", "/again/one.txt") == "one"
    assert tell(live, "filed", "/etc/app/app.conf") == "colour = blue\n"
    assert tell(live, "filed", "/scratch") == []
    mounts = {one["Destination"]: one["RW"] for one in live.container("filed").attrs["Mounts"]}
    assert (mounts["/data"], mounts["/again"]) == (False, True)
    room = next(
        one for one in live.container("filed").attrs["HostConfig"]["Mounts"] if one["Type"] == "tmpfs"
    )
    assert (room["Target"], room["TmpfsOptions"]["SizeBytes"]) == ("/scratch", 8 << 20)


def test_a_grpc_program_is_asked_for_its_health(live: Pods) -> None:
    said = live.container("healthy").logs().decode().splitlines()
    assert said[-1] == "/grpc.health.v1.Health/Check gates"


def test_bounds_of_cpu_and_memory(live: Pods) -> None:
    host = live.container("bounded").attrs["HostConfig"]
    assert (host["NanoCpus"], host["Memory"]) == (500_000_000, 64 << 20)


def test_a_foreign_program_keeps_the_rights_that_its_image_expects(live: Pods) -> None:
    assert live.container("plain").attrs["HostConfig"]["CapDrop"] is None


def test_a_log_is_kept_in_the_run_folder(
    docker_engine: DockerClient, docker_images: dict[str, str], tmp_path: Path
) -> None:
    own = Program("alone", image=docker_images["standin"], entrypoint=("python3", "-c", TELLS))
    made = mesh([workload("alone")], [])
    with pods(made, tmp_path, docker_engine, own={"alone": own}) as one:
        folder = one.stack.folder.path
    assert (folder / "logs" / "app-alone.0.log").read_text().splitlines()[0] == "open for business"

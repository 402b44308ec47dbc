"""A mesh of containers for faults that only these have: front, a stand-in, calls two copies of blue, a program of its
own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from chaosmesh.documents.scenario import load_scenario
from chaosmesh.engine.experiment.loop import LoopThread
from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.stack import Stack
from chaosmesh.engine.sweep import Sweep
from chaosmesh.ledger import Call
from chaosmesh.load import Record, RequestSpec
from chaosmesh.mesh import Mesh, Retry
from chaosmesh.services.program import Program, Volume
from tests import meshes
from tests.integration.faults.world import World

TRY_S = 1.0
"""What an attempt may take: far more than one of these ever needs, on a busy host too."""

RETRY = Retry(
    5,
    TRY_S,
    statuses=(500, 502, 503, 504, 507),
    on_reset=True,
    on_connect_failure=True,
    avoid_previous_hosts=True,
    host_picks=10,
)
OWN = """
import os, socket, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

kept = []

def write():
    with open("/data/notes", "ab") as notes:
        notes.write(b"x" * 1024)

def burn():
    end = time.process_time() + 0.02
    while time.process_time() < end:
        pass

def ask():
    return socket.getaddrinfo(os.environ["ASKED"], 8080)[0][4][0]

def reach(name):
    place = os.environ[f"{name}_HOST"], int(os.environ[f"{name}_PORT"])
    with socket.create_connection(place, 2) as one:
        one.settimeout(2)
        one.sendall(b"PING\\r\\n")
        said = one.recv(100)
    if said != b"+PONG\\r\\n":
        raise ConnectionResetError(repr(said))

DEEDS = {"/db": lambda: reach("ORDERS_DB"), "/cache": lambda: reach("CACHE"), "/write": write, "/burn": burn, "/ask": ask, "/eat": lambda: kept.append(b"x" * 10_000_000)}

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        try:
            said, status = str(DEEDS.get(self.path.partition("?")[0], str)() or ""), 200
        except OSError as error:
            said, status = str(error), 507
        body = said.encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
"""


def policy(*, retry: Retry | None = RETRY) -> Mesh:
    way = meshes.route("color", "all", {"blue": 1}, retry=retry)
    front, blue = meshes.workload("front", "color"), meshes.workload("blue", "color")
    return meshes.mesh([front, blue], [meshes.service("color", way)])


def own(image: str) -> Program:
    return Program(
        "blue",
        image=image,
        entrypoint=("python3",),
        command=("-c", OWN),
        env={"ASKED": "color"},
        files=(Volume("/data", size_mb=8),),
    )


@dataclass
class Boxes(World):
    """Requests take a path of their own: what blue does."""

    async def asked(self, path: str, count: int = 20, rate: float = 40.0) -> list[Call]:
        """So many requests, and the calls of front that came of them."""
        records: list[Record] = []
        url = self.stack.entry_url("front")
        sending = await self.stack.begin(
            "users", url, "front", [RequestSpec(path=path)], rate, count=count, on_records=records.extend
        )
        await sending.done()
        await self.stack.settled([sending.stream.id], 60)
        assert len(records) == count
        return self.stack.ledger.calls(sending.stream.id, "front", "color")


@contextmanager
def boxes(folder: Path, image: str, scenario: Path | None = None) -> Iterator[Boxes]:
    """The mesh, running; at the end everything is gone."""
    loop, kept = LoopThread(), AsyncExitStack()

    async def start() -> Boxes:
        stack = await kept.enter_async_context(
            Stack(
                policy(),
                load_scenario(scenario),
                RunFolder.create(folder, "boxes"),
                kind="docker",
                own={"blue": own(image)},
            )
        )
        await stack.runtime.started()
        return Boxes(stack, await Sweep.begin(stack), loop)

    try:
        made = loop.call(start())
        assert [one.workload for one in made.sweep.well] == ["front"]
        yield made
    finally:
        try:
            loop.call(kept.aclose())
        finally:
            loop.close()

"""`chaosmesh up`: a mesh that follows saved documents and calls of the App Mesh API."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.e2e import command, outside

pytestmark = [pytest.mark.e2e]
HTTP = [{"portMapping": {"port": 8080, "protocol": "http"}}]


@dataclass
class Up:
    """A running `up`: its line of addresses, and everything it said so far."""

    process: subprocess.Popen[str]
    line: dict[str, Any]
    said: list[str] = field(default_factory=list)

    def hears(self, text: str) -> None:
        outside.until(
            lambda: "" if any(text in one for one in self.said) else f"{text!r} in {self.said}", within=60
        )


@contextmanager
def up(*args: str | Path, runs: Path, meanwhile: Callable[[], None] = lambda: None) -> Iterator[Up]:
    """Ends it by Ctrl-C, which must leave nothing. `meanwhile` is done while it starts."""
    process = command.start("up", *args, "--runs", runs)
    assert process.stdout is not None
    assert process.stderr is not None
    said: list[str] = []
    reader = threading.Thread(target=_read, args=(process.stderr, said), daemon=True)
    reader.start()
    try:
        meanwhile()
        text = process.stdout.readline()
        assert text, said
        keeper = outside.keeper_of(process.pid)
        assert keeper is not None
        run = outside.run_of(keeper)
        yield Up(process, json.loads(text), said)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0, said
        outside.until(lambda: str(outside.pids(run) or ""), within=30)
    finally:
        process.kill()
        process.wait()


def _read(stream, said: list[str]) -> None:
    said.extend(iter(stream.readline, ""))


def ask(url: str) -> tuple[int, Any]:
    """One request as an application makes it."""
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, None


def test_an_empty_mesh_grows_by_calls_that_are_in_force_when_they_return(tmp_path: Path) -> None:
    with up(runs=tmp_path) as mesh:
        assert (mesh.line["nodes"], mesh.line["entry"]) == ({}, {})
        client = boto3.client(
            "appmesh",
            endpoint_url=mesh.line["api"],
            region_name="us-east-1",
            aws_access_key_id="none",
            aws_secret_access_key="none",
        )
        client.create_mesh(meshName="m")
        for name in ("front", "blue", "green"):
            backends = [{"virtualService": {"virtualServiceName": "color.l"}}] if name == "front" else []
            spec = {
                "listeners": HTTP,
                "serviceDiscovery": {"dns": {"hostname": f"{name}.l", "responseType": "ENDPOINTS"}},
                "backends": backends,
            }
            client.create_virtual_node(meshName="m", virtualNodeName=name, spec=spec)
        client.create_virtual_router(meshName="m", virtualRouterName="r", spec={"listeners": HTTP})
        client.create_route(meshName="m", virtualRouterName="r", routeName="all", spec=_to("blue"))
        client.create_virtual_service(
            meshName="m",
            virtualServiceName="color.l",
            spec={"provider": {"virtualRouter": {"virtualRouterName": "r"}}},
        )
        mesh.hears("+ virtualService/color.l")
        assert mesh.process.stdout is not None
        line: dict[str, Any] = {}
        while (
            not line.get("nodes", {}).keys() >= {"front", "blue", "green"} or len(line["nodes"]["blue"]) < 2
        ):
            line = json.loads(mesh.process.stdout.readline())
        entry = line["entry"]["front"]
        for color in ("green", "blue"):
            client.update_route(meshName="m", virtualRouterName="r", routeName="all", spec=_to(color))
            status, answer = ask(f"{entry}/")
            assert (status, answer["calls"][0]["answer"]["node"]) == (200, color)


def _to(color: str) -> dict[str, Any]:
    targets = [{"virtualNode": color, "weight": 1}]
    return {"httpRoute": {"match": {"prefix": "/"}, "action": {"weightedTargets": targets}}}


def test_a_saved_document_is_in_force_and_a_broken_one_changes_nothing(tmp_path: Path) -> None:
    airport = tmp_path / "airport"
    shutil.copytree(command.AIRPORT, airport)
    file = next(one for one in sorted(airport.rglob("*route*")) if "weather" in one.name)
    good = file.read_text()
    with up(airport, "--watch", "--json", tmp_path / "up.json", runs=tmp_path) as mesh:
        assert json.loads((tmp_path / "up.json").read_text()) == mesh.line
        entry = next(iter(mesh.line["entry"].values()))
        assert ask(f"{entry}/flights/NH10")[0] == 200
        file.write_text(good[: len(good) // 2])
        mesh.hears("the policy before stays in force")
        assert any(file.name in one for one in mesh.said)
        assert ask(f"{entry}/flights/NH10")[0] == 200
        file.write_text(good.replace('"prefix": "/"', '"prefix": "/nowhere"'))
        mesh.hears("in force after")
        (told,) = [one for one in mesh.said if "in force after" in one]
        assert ": ~ virtualRouter/weather-router/route/weather-route (" in told  # and nothing else
        assert ask(f"{entry}/flights/NH10")[0] == 404
        file.write_text(good)
        outside.until(lambda: "" if ask(f"{entry}/flights/NH10")[0] == 200 else "not yet", within=60)


def test_what_is_saved_while_the_mesh_starts_is_put_in_force(tmp_path: Path) -> None:
    airport = tmp_path / "airport"
    shutil.copytree(command.AIRPORT, airport)
    file = airport / "weather-route.json"

    def save() -> None:
        outside.until(lambda: "" if any(tmp_path.glob("runs/*/*")) else "no run folder", within=60)
        file.write_text(file.read_text().replace('"prefix": "/"', '"prefix": "/nowhere"'))

    with up(airport, "--watch", runs=tmp_path / "runs", meanwhile=save) as mesh:
        mesh.hears(": ~ virtualRouter/weather-router/route/weather-route (")
        assert ask(f"{next(iter(mesh.line['entry'].values()))}/flights/NH10")[0] == 404

"""Twelve kinds of broken documents given to `chaosmesh verify`: one clear error each, and nothing is started."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from chaosmesh.cli.program import run

from . import outside
from .command import chaosmesh

pytestmark = pytest.mark.e2e

NODE = """{
  "meshName": "m",
  "virtualNodeName": "a",
  "spec": {
    "listeners": [{"portMapping": {"port": 8080, "protocol": "http"}}],
    "serviceDiscovery": {"dns": {"hostname": "a.local"}}
  }
}
"""
ROUTE = """{
  "meshName": "m",
  "virtualRouterName": "r",
  "routeName": "x",
  "spec": {
    "httpRoute": {
      "match": {"prefix": "/"},
      "action": {"weightedTargets": [{"virtualNode": "a", "weight": %s}]},
      "retryPolicy": {"maxRetries": %s, "perRetryTimeout": {"unit": "ms", "value": 100}}
    }
  }
}
"""
TEMPLATE = """Parameters:
  Name: {Type: String}
Resources:
  Node:
    Type: AWS::AppMesh::VirtualNode
    Properties:
      MeshName: m
      VirtualNodeName: %s
      Spec: {}
"""
CYCLE = """Resources:
  A:
    Type: AWS::AppMesh::VirtualNode
    Properties: {MeshName: m, VirtualNodeName: !GetAtt B.VirtualNodeName, Spec: {}}
  B:
    Type: AWS::AppMesh::VirtualNode
    Properties: {MeshName: m, VirtualNodeName: !GetAtt A.VirtualNodeName, Spec: {}}
"""
SECONDS = 30.0
"""An error must not take longer than this, whatever was given."""


def big(file: Path) -> None:
    """50 MB that look like a document at first."""
    with file.open("w") as out:
        out.write('{"meshName": "m", "virtualNodeName": "a", "spec": {"listeners": [\n')
        out.writelines('{"portMapping": {"port": 8080, "protocol": "http"}},\n' * 1000 for _ in range(950))


def text(content: str | bytes) -> Callable[[Path], None]:
    return lambda file: file.write_bytes(content if isinstance(content, bytes) else content.encode()) and None


BROKEN: dict[str, tuple[str, Callable[[Path], None], int]] = {
    "bad YAML": ("doc.yaml", text("Resources:\n  a: [1,\n  b: 2\n"), 2),
    "unknown reference": ("doc.yaml", text(TEMPLATE % "!Ref Nobody"), 8),
    "weight 101": ("doc.json", text(ROUTE % (101, 1)), 8),
    "negative retries": ("doc.json", text(ROUTE % (1, -1)), 9),
    "cycle of references": ("doc.yaml", text(CYCLE), 4),
    "unbound parameter": ("doc.yaml", text(TEMPLATE % "!Ref Name"), 8),
    "wrong type": ("doc.json", text(NODE.replace("8080", '"many"')), 5),
    "duplicate name": (
        "doc.yaml",
        text(TEMPLATE % "a" + (TEMPLATE % "a").split("Resources:\n")[1].replace("Node:", "More:", 1)),
        0,
    ),
    "empty file": ("doc.json", text(""), 1),
    "binary file": ("doc.json", text(bytes(range(256)) * 40), 2),
    "50 MB": ("doc.json", big, 0),
    "missing file": ("doc.json", lambda _file: None, 0),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_document(kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    name, write, line = BROKEN[kind]
    file = tmp_path / name
    write(file)
    begin = time.monotonic()
    code = run(["verify", str(file), "--runs", str(tmp_path / "runs")])
    took = time.monotonic() - begin
    out, err = capfd.readouterr()
    assert code == 2, err
    assert took < SECONDS
    assert out == ""
    place = re.search(rf"{re.escape(str(file))}:(\d+):(\d+)", err)
    assert place or kind == "missing file", err
    assert str(file) in err
    if line and place:
        assert int(place[1]) == line, err
    assert "    → " in err, "no next step"
    assert "Traceback" not in err
    assert len(err) < 5_000
    assert not (tmp_path / "runs").exists()


def test_the_command_itself_starts_nothing(tmp_path: Path) -> None:
    file = tmp_path / "doc.json"
    file.write_text(ROUTE % (101, -1))
    before = outside.marked()
    ended = chaosmesh("verify", file, "--runs", tmp_path / "runs", within=SECONDS)
    assert ended.code == 2, ended
    assert f"{file}:8:" in ended.err
    assert f"{file}:9:" in ended.err, "all problems at once"
    assert "2 problems" in ended.err
    assert ended.out == ""
    assert not (tmp_path / "runs").exists()
    assert not [pid for pid in outside.marked() - before if str(tmp_path) in outside.command_line(pid)]

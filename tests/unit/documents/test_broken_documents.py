"""Twelve kinds of broken documents: each is one clear error with its place and the next step."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaosmesh.appmesh import load
from chaosmesh.errors import DocumentError, ExitCode, Problem

NODE = """{
  "virtualNodeName": "a",
  "spec": {
    "listeners": [{"portMapping": {"port": 8080, "protocol": "http"}}],
    "serviceDiscovery": {"dns": {"hostname": "a.local"}}
  }
}
"""
ROUTE = """{
  "virtualRouterName": "r",
  "routeName": "x",
  "spec": {
    "httpRoute": {
      "match": {"prefix": "/"},
      "action": {"weightedTargets": [
        {"virtualNode": "a", "weight": %s}
      ]},
      "retryPolicy": {"maxRetries": %s, "perRetryTimeout": {"unit": "ms", "value": 100}}
    }
  }
}
"""
TEMPLATE = """Resources:
  Mesh:
    Type: AWS::AppMesh::Mesh
    Properties:
      MeshName: m
  Node:
    Type: AWS::AppMesh::VirtualNode
    Properties:
      MeshName: !GetAtt Mesh.MeshName
      VirtualNodeName: %s
      Spec: {}
"""


def problems(folder: Path, text: str | bytes, name: str = "doc.json", **options) -> tuple[Problem, ...]:
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DocumentError) as caught:
        load([file], **options)
    assert caught.value.code == ExitCode.USAGE
    for one in caught.value.problems:
        assert one.where.file == str(file)
        assert one.hint, one
        assert one.message in str(caught.value)
    return caught.value.problems


def at(problem: Problem) -> tuple[int, int]:
    return problem.where.line, problem.where.column


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Resources:\n  a: [1,\n  b: 2\n", (2, 6)),
        ("Resources:\n\ta: 1\n", (2, 1)),
        ("Resources: {a: 1}\nResources: {b: 2}\n", (2, 1)),
        ("a: b: c\n", (1, 5)),
    ],
)
def test_bad_yaml(tmp_path, text, place):
    (one,) = problems(tmp_path, text, "doc.yaml")
    assert at(one) == place


@pytest.mark.parametrize(
    ("text", "place", "word"),
    [
        ('{\n  "spec": {},\n}', (3, 1), "comma"),
        ('{\n  "spec": {}\n  "meshName": "m"\n}', (3, 3), "comma"),
        ('{"spec": {}', (1, 12), "missing"),
        ('{"spec": {}}}', (1, 13), "bracket"),
        ("{'spec': {}}", (1, 2), "double quotes"),
        ('{"spec": {}, "spec": {}}', (1, 14), "first at"),
        ('{"spec": {"egressFilter": {"type": "DROP_ALL}}}', (1, 36), "double quote"),
        ('{"spec": {"a": 01}}', (1, 16), "double quotes"),
    ],
)
def test_bad_json(tmp_path, text, place, word):
    (one,) = problems(tmp_path, text)
    assert at(one) == place
    assert word in one.hint


def test_unknown_reference(tmp_path):
    (one,) = problems(tmp_path, TEMPLATE % "!Ref Nodename", "doc.yaml")
    assert at(one) == (10, 7)
    assert "Nodename" in one.message
    (one,) = problems(tmp_path, TEMPLATE % "!GetAtt Mash.MeshName", "doc.yaml")
    assert one.hint == "did you mean Mesh?"


def test_weight_101_and_negative_retries_at_once(tmp_path):
    weight, retries = problems(tmp_path, ROUTE % (101, -1))
    assert (at(weight), at(retries)) == ((8, 30), (10, 23))
    assert "101" in weight.message
    assert "at most 100" in weight.message
    assert "-1" in retries.message
    assert "at least 0" in retries.message


@pytest.mark.parametrize(
    ("first", "second"),
    [("!GetAtt B.VirtualNodeName", "!GetAtt A.VirtualNodeName"), ("!Sub '${B.VirtualNodeName}'", "!Ref A")],
)
def test_cycle_of_references(tmp_path, first, second):
    text = "Resources:\n"
    for name, value in (("A", first), ("B", second)):
        text += f"  {name}:\n    Type: AWS::AppMesh::VirtualNode\n    Properties: {{MeshName: m, VirtualNodeName: {value}}}\n"
    found = problems(tmp_path, text, "doc.yaml")
    assert all("cycle" in one.message for one in found)
    assert "A.VirtualNodeName → B.VirtualNodeName → A.VirtualNodeName" in found[-1].message + found[0].message


def test_a_condition_that_needs_itself(tmp_path):
    text = "Conditions: {A: !Not [Condition: B], B: !Not [Condition: A]}\n" + TEMPLATE % "!If [A, x, y]"
    (one,) = problems(tmp_path, text, "doc.yaml")
    assert "cycle" in one.message


def test_unbound_names_are_reported_all_at_once_with_each_place(tmp_path):
    text = NODE.replace('"a"', "$NAME").replace('"a.local"', "$HOST").replace('"http"', "$NAME")
    host, name = sorted(problems(tmp_path, text), key=lambda one: one.hint)
    assert at(name) == (2, 22)
    assert "4:62" in name.message
    assert name.hint == "bind it with --set NAME=VALUE"
    assert at(host) == (5, 46)
    template = "Parameters: {P: {Type: String}, Unused: {Type: String}}\n" + TEMPLATE % "!Sub '${P}-x'"
    (only,) = problems(tmp_path, template, "doc.yaml")
    assert only.hint == "bind it with --set P=VALUE"


def test_what_the_mesh_does_not_need_may_stay_unbound(tmp_path):
    file = tmp_path / "doc.yaml"
    file.write_text(TEMPLATE % "a" + "  Bucket: {Type: AWS::S3::Bucket, Properties: {Name: !Ref Nothing}}\n")
    assert list(load([file]).virtual_nodes) == ["a"]


@pytest.mark.parametrize(
    ("old", "new", "place", "word"),
    [
        ("8080", '"8080"', (4, 36), "whole number"),
        ("8080", "true", (4, 36), "whole number"),
        ('"a.local"', "5", (5, 34), "text"),
        ('[{"portMapping": {"port": 8080, "protocol": "http"}}]', "{}", (4, 5), "list"),
        ('{"dns": {"hostname": "a.local"}}', "[]", (5, 5), "object"),
        ('"http"', '"htp"', (4, 50), "did you mean http?"),
        ('"listeners"', '"listners"', (4, 5), "did you mean listeners?"),
        ('"virtualNodeName": "a"', '"virtualNodeName": 5', (2, 3), "double quotes"),
    ],
)
def test_wrong_type(tmp_path, old, new, place, word):
    (one,) = problems(tmp_path, NODE.replace(old, new))
    assert at(one) == place
    assert word in one.hint


def test_duplicate_name_inside_one_path_names_both_places(tmp_path):
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(NODE)
    with pytest.raises(DocumentError) as caught:
        load([tmp_path])
    (one,) = caught.value.problems
    assert one.where.file == str(tmp_path / "b.json")
    assert f"{tmp_path / 'a.json'}:1:1" in one.message
    assert one.hint


def test_a_later_path_replaces_a_resource_of_the_same_name(tmp_path):
    for name, port in (("a.json", "8080"), ("b.json", "9090")):
        (tmp_path / name).write_text(NODE.replace("8080", port))
    resources = load([tmp_path / "a.json", tmp_path / "b.json"])
    assert resources.virtual_nodes["a"].spec.listeners[0].port_mapping.port == 9090
    assert resources.virtual_nodes["a"].where.file == str(tmp_path / "b.json")


@pytest.mark.parametrize("text", [b"", b" \n\n"])
def test_empty_file(tmp_path, text):
    (one,) = problems(tmp_path, text)
    assert "empty" in one.message


@pytest.mark.parametrize("raw", [b"\x7fELF\x02\x01\x01\x00\x00\xff\xfe", b"abc\n\x80\x81", b"{\x00}"])
def test_binary_file(tmp_path, raw):
    (one,) = problems(tmp_path, raw)
    assert "binary" in one.message


def test_a_file_of_50_mb_is_refused_before_it_is_read(tmp_path, monkeypatch):
    file = tmp_path / "big.json"
    with file.open("wb") as out:
        out.truncate(50 * 1024 * 1024)
    monkeypatch.setattr(Path, "read_bytes", lambda self: pytest.fail("it was read"))
    with pytest.raises(DocumentError) as caught:
        load([file])
    (one,) = caught.value.problems
    assert "50 MB" in one.message
    assert one.hint


def test_missing_file(tmp_path):
    (tmp_path / "node.json").write_text(NODE)
    with pytest.raises(DocumentError) as caught:
        load([tmp_path / "nod.json", tmp_path / "no" / "x.json", str(tmp_path / "*.yml")])
    messages = {Path(one.where.file).name: one.message for one in caught.value.problems}
    missing = "there is no such file"
    assert messages == {"nod.json": missing, "x.json": missing, "*.yml": "no file matches this pattern"}
    assert any("node.json" in one.hint for one in caught.value.problems)


def test_problems_of_several_files_come_together(tmp_path):
    (tmp_path / "a.json").write_text(ROUTE % (101, 1))
    (tmp_path / "b.json").write_text("{")
    (tmp_path / "c.json").write_text(NODE.replace('"a"', "$X"))
    with pytest.raises(DocumentError) as caught:
        load([tmp_path])
    assert [Path(one.where.file).name for one in caught.value.problems] == ["a.json", "b.json", "c.json"]


def test_aliases_that_grow_without_end_are_refused(tmp_path):
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for i in range(1, 9):
        text += f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n"
    (one,) = problems(tmp_path, text, "doc.yaml")
    assert "too large" in one.message


def test_deep_nesting_is_refused(tmp_path):
    (one,) = problems(tmp_path, "[" * 5000)
    assert "deeper" in one.message
    (one,) = problems(tmp_path, "a: " + "[" * 5000, "doc.yaml")
    assert one.hint


def test_a_file_that_is_no_document_is_refused_only_where_it_was_named(tmp_path):
    (one,) = problems(tmp_path, "{}", "package.json")
    assert "no App Mesh document" in one.message
    (tmp_path / "node.json").write_text(NODE)
    assert list(load([tmp_path]).virtual_nodes) == ["a"]

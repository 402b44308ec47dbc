"""Whatever a file holds: resources, or one DocumentError. Never anything else."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from chaosmesh.appmesh import load
from chaosmesh.errors import DocumentError, Problem

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "appmesh"
TEXTS = [one.read_text() for one in sorted(GOLDEN.glob("*.in.yaml"))]
PIECES = ["{", "}", "[", "]", ":", ",", "- ", "\n", "  ", "!Ref ", "!Sub ", "!If ", "!GetAtt ", "&a ", "*a", "$X", '"', "'", "null", "-1", "~", "!!binary ", "!!int x", "!!bool x", "!!timestamp ", "<<: ", "? ", "\t", "\x85", "#", "%YAML 1.1\n---\n", "a: &a [*a]", "Fn::Select: []", "${}", "${!}", "${A.}", "!FindInMap []", "!Join", "!Select [x, []]", "!Condition Live"]  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.sampled_from(TEXTS),
    cuts=st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(PIECES)), min_size=1, max_size=4
    ),
    name=st.sampled_from(["a.yaml", "a.json"]),
)
@example(text="Resources: !Ref x", cuts=[], name="a.yaml")
@example(text="Resources: {A: {Type: AWS::AppMesh::Mesh, Properties: !Ref x}}", cuts=[], name="a.yaml")
@example(text="Resources: {A: {Type: 'AWS::AppMesh::Mesh', Properties: [1]}}", cuts=[], name="a.yaml")
@example(
    text="Resources: {A: {Type: 'AWS::AppMesh::Mesh', Properties: {Spec: !Join x}}}", cuts=[], name="a.yaml"
)
@example(text="!x {spec: {}}", cuts=[], name="a.yaml")
@example(text="spec: !!int x\nmeshName: a", cuts=[], name="a.yaml")
@example(text="? [a]\n: b", cuts=[], name="a.yaml")
@example(text="spec: []", cuts=[], name="node.yaml")
@example(text="meshName: m\nspec: !!timestamp 2020-13-45", cuts=[], name="mesh.yaml")
def test_a_damaged_document_is_resources_or_one_error(tmp_path, text, cuts, name):
    for at, gone, piece in cuts:
        place = int(at * len(text))
        text = text[:place] + piece + text[place + gone :]
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    assert {one.where.file for one in problems(file)} <= {str(file)}


def problems(file: Path) -> tuple[Problem, ...]:
    try:
        load([file])
    except DocumentError as error:
        return error.problems
    return ()

"""Ten thousand damaged documents of all three formats: resources, or one error with its place and the next step.

What is still readable is also written in every format and read again.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from chaosmesh.appmesh import Resources, load
from chaosmesh.appmesh.convert import TARGETS, convert
from chaosmesh.errors import DocumentError
from tests.conftest import CORPUS
from tests.unit.appmesh.corpus import DOCUMENTS, Case
from tests.unit.appmesh.test_convert import content
from tests.unit.documents.mutations import mutated

HERE = Path(__file__).parent
OWN = sorted([*HERE.glob("*.in.yaml"), *(HERE.parents[1] / "golden/appmesh").glob("*.in.yaml")])
PARTS, CASES, SMALL = 16, 625, 4000
SAMPLE = 0.2
"""Share of what survives that goes through the writers."""


def documents() -> list[tuple[str, bytes, Case]]:
    """File name, content and needs of every document that is small enough to be read thousands of times."""
    own = [(one.name, one.read_bytes(), Case(0, "NS", "")) for one in OWN]
    real = [
        (path.name, path.read_bytes(), case)
        for name, case in DOCUMENTS.items()
        if (path := CORPUS / name).is_file() and path.stat().st_size < SMALL
    ]
    return own + real


def attempt(file: Path, case: Case) -> Resources | None:
    """The resources, or None after one error whose problems all have a place in the file and a next step."""
    names = {str(file): f"{case.parent}/x"} if case.parent else {}
    try:
        return load([file], variables=case.variables, names=names)
    except DocumentError as error:
        for one in error.problems:
            assert one.where.file == str(file), one
            assert one.where.line >= 1, one
            assert one.where.column >= 1, one
            assert one.message, one
            assert one.hint, one
        return None


@pytest.mark.parametrize("part", range(PARTS))
def test_a_damaged_document_is_resources_or_one_error(tmp_path, part):
    known = documents()
    dice = random.Random(part)
    for which, raw in mutated([one for _, one, _ in known], part, CASES):
        name, _, case = known[which]
        file = tmp_path / name
        file.write_bytes(raw)
        found = attempt(file, case)
        if found is not None and dice.random() < SAMPLE:
            for target in TARGETS:
                pages = [page.text for page in convert(found, target).pages]
                assert content(again(pages, target, tmp_path)) == content(found), raw
        file.unlink()


def again(pages: list[str], target: str, folder: Path) -> Resources:
    files = []
    for number, text in enumerate(pages):
        files.append(folder / f"again-{number:03}.{'json' if target == 'api-json' else 'yaml'}")
        files[-1].write_text(text, encoding="utf-8")
    return load(files)


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (b"\xff\xfe{\x00}\x00", "UTF-8"),
        ('{"meshName": "m", "spec": {}}'.encode("utf-16"), "UTF-8"),
        (b'{"virtualNodeName": "a\x00", "spec": {}}', "binary"),
        (b'{"virtualNodeName": "\\ud800", "spec": {}}', "surrogate"),
        (b'{"spec": {"egressFilter": NaN}}', "value is expected"),
        (b'{"spec": {"listeners": ' + b"9" * 5000 + b"}}", "5000 characters"),
        (b"Resources: {A: " + b"9" * 5000 + b"}", "can't be read as int"),
        (b"meshName: m\nspec: !!int x", "can't be read as int"),
        (b"Resources:\n\tA: 1", "spaces"),
        (b"a: &a [*a]", "aliases"),
        (b'{"spec": {}, "spec": {}}', "twice"),
        (b"[" * 100_000, "deeper"),
        (b"a: " + b"{a: " * 100_000, "deep"),
        (b"- " * 100_000, "deep"),
        (b"apiVersion: appmesh.k8s.aws/v1beta2\nkind: Mesh\nmetadata: {name: $A}\n" + b"# $A ${B}\n" * 1000, "A has no value"),
    ],
)  # fmt: skip
def test_what_breaks_other_readers(tmp_path, raw, word):
    file = tmp_path / "doc.json"
    file.write_bytes(raw)
    with pytest.raises(DocumentError) as caught:
        load([file])
    text = "\n".join(f"{one.message} {one.hint}" for one in caught.value.problems)
    assert word in text


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    file = tmp_path / "mesh.json"
    file.write_bytes(b'\xef\xbb\xbf{"meshName": "m", "spec": {"egressFilter": {"type": "DROP_ALL"}}}')
    assert load([file]).mesh_name == "m"


@pytest.mark.parametrize("name", ["intrinsics.in.yaml", "objects.in.yaml"])
def test_the_documents_behind_the_mutations_are_whole(tmp_path, name):
    found = load([HERE / name], variables={"NS": "ns"})
    assert len(list(found)) == {"intrinsics.in.yaml": 4, "objects.in.yaml": 7}[name]
    assert found.warnings == ()
    assert found.dangling() in ([], [one for one in found.dangling() if "far" in one.message])

"""Meshes made at random go through every format and come back equal."""

from __future__ import annotations

import json
import random

import pytest

from chaosmesh.appmesh import Resources, load
from chaosmesh.appmesh.convert import TARGETS, convert
from chaosmesh.appmesh.resources import Resource, put
from chaosmesh.documents import KINDS
from chaosmesh.errors import Where
from tests.unit.appmesh.corpus import DOCUMENTS, read
from tests.unit.appmesh.random_specs import spec, text
from tests.unit.appmesh.test_convert import content, reads_back

MESHES = 30


def mesh(seed: int) -> Resources:
    """A mesh with up to three resources of each kind; references mostly lead nowhere, some parents are missing."""
    dice = random.Random(seed)
    name = text(dice, 1)
    found = [Resource("mesh", name, None, spec("mesh", dice), Where("made"))] if dice.random() < 0.7 else []
    for word, kind in KINDS.items():
        for number in range(0 if word == "mesh" else dice.randint(0, 3)):
            own = f"{text(dice, 1)}{number}"
            parents = [one.name for one in found if one.kind == kind.parent] or ["gone"]
            parent = dice.choice(parents) if kind.parent else None
            found.append(Resource(word, own, parent, spec(word, dice), Where("made")))
    return put(Resources(name), name, found)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("seed", range(MESHES))
def test_a_mesh_made_at_random_reads_back_equal(tmp_path, seed, target):
    made = mesh(seed)
    if list(made):
        reads_back(made, target, tmp_path)


@pytest.mark.parametrize(("first", "second"), [(a, b) for a in TARGETS for b in TARGETS if a != b])
def test_from_one_format_to_the_next_and_the_next(tmp_path, first, second):
    made = mesh(MESHES)
    for number, target in enumerate((first, second, first)):
        folder = tmp_path / str(number)
        folder.mkdir()
        for page in convert(made, target).pages:
            (folder / page.file).write_text(page.text, encoding="utf-8")
        again = load([folder])
        assert content(again) == content(made)
        made = again


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_aws_command_line_takes_what_is_written(corpus, name):
    """botocore's own model of the service accepts every file as the input of its create call."""
    botocore = pytest.importorskip("botocore.session")
    from botocore.validate import ParamValidator

    model = botocore.get_session().get_service_model("appmesh", "2019-01-25")
    resources = read(name)
    for one, page in zip(resources, convert(resources, "api-json").pages, strict=True):
        shape = model.operation_model(f"Create{one.kind[0].upper()}{one.kind[1:]}").input_shape
        assert not ParamValidator().validate(json.loads(page.text), shape).has_errors()

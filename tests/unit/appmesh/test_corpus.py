"""Every real API JSON and CloudFormation document loads once its parameters are bound, and means what it says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from chaosmesh.appmesh import clauses, load
from chaosmesh.appmesh.translate import translate
from chaosmesh.errors import DocumentError
from tests.conftest import CORPUS

APP_MESH = re.compile(r"AWS::AppMesh::|\"spec\"")


def documents() -> list[Path]:
    found = [*CORPUS.rglob("*.json"), *CORPUS.rglob("*.yaml")]
    return sorted(one for one in found if APP_MESH.search(one.read_text()))


def bound(path: Path) -> dict[str, str]:
    """A value for every name that the document says it needs."""
    try:
        load([path], names=named(path))
    except DocumentError as error:
        return {
            m[1]: value(m[1]) for one in error.problems if (m := re.search(r"--set ([^=]+)=VALUE", one.hint))
        }
    return {}


def value(name: str) -> str:
    return "8080" if "Port" in name else "howto"


def named(path: Path) -> dict[str, str]:
    """A parent for spec-only routes, which a command line gave them."""
    if path.suffix != ".json" or "Name" in "".join(_top(path)):
        return {}
    return {str(path): f"parent/{path.stem}"} if "-route" in path.stem else {}


def _top(path: Path) -> list[str]:
    return re.findall(r'^\s{0,4}"(\w+Name)"', path.read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(CORPUS)))
def test_every_document_loads_once_its_parameters_are_bound(path: Path):
    resources = load([path], variables=bound(path), names=named(path))
    found = list(resources)
    text = path.read_text()
    expected = (
        len(re.findall(r"^\s*Type: AWS::AppMesh::", text, re.MULTILINE)) if path.suffix == ".yaml" else 1
    )
    assert len(found) == expected
    for one in found:
        lines = text.splitlines()
        assert one.where.file == str(path)
        assert 1 <= one.where.line <= len(lines)
    for declared in clauses(resources):
        here = lines[declared.where.line - 1][declared.where.column - 1 :].lower()
        words = [one.split("#")[0].lower() for one in declared.field.split(".")]
        assert here, declared.id
        if path.suffix == ".json" and words[0] in {"match", "retrypolicy", "timeout"} and len(words) == 2:
            assert here.startswith(f'"{words[1]}"'), (declared.id, here)


PLAIN = [one for one in documents() if one.suffix == ".json" and "$" not in one.read_text()]


@pytest.mark.parametrize("path", PLAIN, ids=lambda path: str(path.relative_to(CORPUS)))
def test_the_models_keep_everything_that_is_written(path: Path):
    """What a model gives back is what was read."""
    (only,) = load([path], names=named(path))
    assert only.spec.plain() == json.loads(path.read_text()).get("spec", {})


@pytest.mark.parametrize(
    ("name", "edges"),
    [
        ("walkthroughs/howto-http-retries/app.yaml", 1),
        ("examples/apps/colorapp/servicemesh/appmesh-colorapp.yaml", 2),
        ("walkthroughs/howto-http-headers/app.yaml", 1),
        ("walkthroughs/howto-http2/mesh.yaml", 1),
        ("walkthroughs/howto-grpc/mesh.yaml", 1),
        ("walkthroughs/howto-external-traffic/mesh/mesh.yaml", 3),
        ("walkthroughs/howto-tls-file-provided/mesh/mesh.yaml", 1),
        ("walkthroughs/howto-ipv6/dns/mesh/mesh-v4-only.yaml", 6),
    ],
)
@pytest.mark.parametrize("profile", ["appmesh", "appmesh-legacy", "envoy"])
def test_a_whole_mesh_translates(corpus: Path, name: str, edges: int, profile: str):
    path = corpus / name
    mesh = translate(load([path], variables=bound(path)), profile)
    assert len(mesh.edges()) == edges
    assert {service for _, service in mesh.edges()} <= {one.name for one in mesh.services}

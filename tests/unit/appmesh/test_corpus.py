"""Every real document loads once its parameters are bound, and means what it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chaosmesh.appmesh import clauses, load
from chaosmesh.appmesh.translate import translate
from chaosmesh.errors import DocumentError
from tests.unit.appmesh.corpus import DOCUMENTS, read


def test_every_file_of_the_corpus_is_tried(corpus: Path):
    found = {str(one.relative_to(corpus)) for one in corpus.rglob("*") if one.is_file() and "." in one.name}
    assert found == set(DOCUMENTS)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_document_loads_once_its_parameters_are_bound(corpus: Path, name: str):
    path = corpus / name
    resources = read(name)
    found = list(resources)
    lines = path.read_text().splitlines()
    assert len(found) == DOCUMENTS[name].resources
    assert resources.warnings == ()
    for one in found:
        assert one.where.file == str(path)
        assert 1 <= one.where.line <= len(lines)
    for declared in clauses(resources):
        here = lines[declared.where.line - 1][declared.where.column - 1 :].lower()
        words = [one.split("#")[0].lower() for one in declared.field.split(".")]
        assert here, declared.id
        if path.suffix == ".json" and words[0] in {"match", "retrypolicy", "timeout"} and len(words) == 2:
            assert here.startswith(f'"{words[1]}"'), (declared.id, here)


@pytest.mark.parametrize("name", [name for name, case in DOCUMENTS.items() if case.needs])
def test_only_what_app_mesh_needs_must_be_bound(corpus: Path, name: str):
    """What a document asks for is what is listed here: nothing that only its other resources use."""
    with pytest.raises(DocumentError) as caught:
        load([corpus / name])
    asked = {one.hint.partition("--set ")[2].removesuffix("=VALUE") for one in caught.value.problems}
    assert asked - {""} == set(DOCUMENTS[name].needs.split())


@pytest.mark.parametrize(
    "name", [name for name, case in DOCUMENTS.items() if name.endswith(".json") and not case.needs]
)
def test_the_models_keep_everything_that_is_written(corpus: Path, name: str):
    """What a model gives back is what was read."""
    (only,) = read(name)
    assert only.spec.plain() == json.loads((corpus / name).read_text()).get("spec", {})


INGRESS = "walkthroughs/howto-k8s-http-ingress-v2/v1beta2"


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if "/gatewayroutes/" in name])
def test_a_gateway_route_finds_the_gateway_of_another_file(corpus: Path, name: str):
    needs = {"APP_NAMESPACE": "ns", "MESH_NAME": "m"}
    paths = [corpus / INGRESS / "manifest.yaml.template", corpus / name]
    found = load(paths, variables=needs)
    ((parent, own),) = found.gateway_routes
    assert (parent, own) == ("ingress-gw_ns", f"{paths[1].name.split('.')[0]}_ns")
    assert found.dangling() == []
    assert load(paths[:1], variables=needs).updated(paths[1:], variables=needs) == found


def test_references_across_files_mean_the_names_that_their_objects_declare(corpus: Path):
    folder = corpus / "walkthroughs/eks-getting-started/infrastructure/appmesh_templates"
    found = load(
        [*folder.glob("appmesh-yelb-*.yaml"), folder / "appmesh-virtual-router-appserver-v1-v2.yaml"]
    )
    (route,) = found.routes.values()
    targets = [one.virtual_node for one in route.spec.http_route.action.weighted_targets]
    assert targets == ["yelb-appserver-virtual-node", "yelb-appserver-virtual-node-v2"]
    assert found.dangling() == []


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
        ("walkthroughs/howto-k8s-multiple-listeners/manifest.yaml", 1),
        ("walkthroughs/howto-k8s-retry-policy/v1beta2/manifest.yaml.template", 1),
        ("walkthroughs/howto-k8s-egress/v1beta2/manifest.yaml.template", 1),
        ("walkthroughs/howto-k8s-timeout-policy/v1beta2/manifest.yaml.template", 1),
    ],
)
@pytest.mark.parametrize("profile", ["appmesh", "appmesh-legacy", "envoy"])
def test_a_whole_mesh_translates(corpus: Path, name: str, edges: int, profile: str):
    mesh = translate(read(name), profile)
    assert len(mesh.edges()) == edges
    assert {service for _, service in mesh.edges()} <= {one.name for one in mesh.services}

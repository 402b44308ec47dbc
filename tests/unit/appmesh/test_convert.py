"""Resources in another format are the same resources when they are read again."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaosmesh.appmesh import Resources, load
from chaosmesh.appmesh.convert import TARGETS, Conversion, convert
from tests.unit.appmesh.corpus import DOCUMENTS, read

ROOT = Path(__file__).resolve().parents[3]
GOLDEN = sorted((ROOT / "tests/golden/appmesh").glob("*.in.yaml"))


def content(resources: Resources) -> object:
    """Everything that a conversion keeps: all but the places. Routes keep their order inside a router."""
    found = [(one.kind, one.parent, one.name, one.spec) for one in resources]
    order = [
        [one.name for one in resources.routes_of(router)] for router in sorted(resources.virtual_routers)
    ]
    return resources.mesh_name, sorted(found, key=lambda one: str(one[:3])), order


def written(conversion: Conversion, folder: Path) -> Path:
    for page in conversion.pages:
        assert "/" not in page.file
        assert not (folder / page.file).exists()
        (folder / page.file).write_text(page.text)
    return folder


def reads_back(resources: Resources, target: str, folder: Path) -> Conversion:
    conversion = convert(resources, target)
    again = load([written(conversion, folder)])
    assert content(again) == content(resources)
    return conversion


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_document_of_the_corpus_reads_back_equal(corpus, tmp_path, name, target):
    reads_back(read(name), target, tmp_path)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("path", [*GOLDEN, ROOT / "fixtures/airport"], ids=lambda path: path.name)
def test_own_documents_read_back_equal(tmp_path, path, target):
    reads_back(load([path]), target, tmp_path)


def losses(conversion: Conversion) -> dict[str, str]:
    return {f"{one.resource} {one.field}".strip(): one.reason for one in conversion.losses}


STRANGE = r"""[
{"virtualNodeName": "Up_per.case", "spec": {"backends": [
   {"virtualService": {"virtualServiceName": "far away"}}, {"virtualService": {"virtualServiceName": "true"}}],
 "serviceDiscovery": {"dns": {"hostname": "007", "ipPreference": "IPv6_ONLY"}},
 "logging": {"accessLog": {"file": {"path": "/dev/stdout", "format": {"text": "%REQ(:PATH)% ${x} $HOME \\($Y) é \u0085 \u2028 \ud83d\ude00 \"q\" \\ #: - \n\t"}}}}}},
{"virtualNodeName": "up-per-case", "spec": {"listeners": [{"portMapping": {"port": 1, "protocol": "http"},
 "tls": {"mode": "STRICT", "certificate": {"acm": {"certificateArn": "null"}}}}]}},
{"virtualServiceName": "true", "spec": {}},
{"virtualRouterName": "gone", "routeName": "${r}", "spec": {"httpRoute": {"match": {"method": "GET", "headers":
 [{"name": "x", "match": {"exact": "1e3"}}, {"name": "y", "match": {"regex": "^a$|~"}}]},
 "timeout": {"idle": {"value": 1}},
 "action": {"weightedTargets": [{"virtualNode": "Up_per.case", "weight": 1}, {"virtualNode": "x/y\nz", "weight": 0}]}}}},
{"virtualGatewayName": "no-such", "gatewayRouteName": "g", "spec": {"httpRoute": {"match": {"method": "GET"},
 "action": {"target": {"virtualService": {"virtualServiceName": "true"}}, "rewrite": {}}}}}
]"""


@pytest.mark.parametrize("target", TARGETS)
def test_names_and_texts_that_a_format_could_take_for_something_else(tmp_path, target):
    file = tmp_path / "strange.json"
    file.write_text(STRANGE, encoding="utf-8")
    (tmp_path / "out").mkdir()
    found = reads_back(load([file], mesh_name="The/Mesh"), target, tmp_path / "out")
    text = "".join(page.text for page in found.pages)
    if target != "api-json":
        assert "$" not in text


def test_what_a_real_cluster_would_not_take_is_a_loss_with_its_place(tmp_path):
    file = tmp_path / "strange.json"
    file.write_text(STRANGE, encoding="utf-8")
    found = convert(load([file], mesh_name="m"), "kubernetes")
    lost = losses(found)
    router, gateway = "virtualRouter/gone/route/${r}", "virtualGateway/no-such/gatewayRoute/g"
    assert {name for name in lost if name.startswith("virtualNode/Up")} == {
        "virtualNode/Up_per.case",
        "virtualNode/Up_per.case serviceDiscovery.dns.ipPreference",
        "virtualNode/Up_per.case backends.0.virtualService.virtualServiceName",
    }
    assert "exactly one of prefix and path" in lost[f"{router} httpRoute.match"]
    assert "no unit" in lost[f"{router} httpRoute.timeout.idle"]
    assert "account and region" in lost[f"{router} httpRoute.action.weightedTargets.1.virtualNode"]
    assert "rewrite is empty" in lost[f"{gateway} httpRoute.action.rewrite"]
    assert "without serviceDiscovery" in lost["virtualNode/up-per-case listeners"]
    assert "podSelector is unknown" in lost["virtualNode/Up_per.case"]
    (idle,) = [one for one in found.losses if one.field.endswith("timeout.idle")]
    assert (idle.where.file, idle.where.line) == (str(file), 11)
    assert file.read_text().splitlines()[10].strip().startswith('"timeout": {"idle"')


def test_what_came_from_manifests_goes_back_to_the_same_objects(corpus, tmp_path):
    resources = read("walkthroughs/howto-k8s-http2/v1beta2/manifest.yaml.template")
    found = convert(resources, "kubernetes")
    assert found.losses == ()
    again = load([written(found, tmp_path)])
    before, after = (
        {key: one.aws_name for key, one in r.cluster.manifests.items()} for r in (resources, again)
    )
    assert before == after
    pods = [{m.name: m.pod_labels for m in r.cluster.of("VirtualNode")} for r in (resources, again)]
    assert pods[0] == pods[1]
    assert pods[0]["red"] == {"app": "color", "version": "red"}
    assert again.warnings == ()


def test_templates_refer_inside_and_write_out_what_is_outside(corpus):
    whole = convert(load([ROOT / "fixtures/airport"]), "cloudformation")
    (page,) = whole.pages
    assert whole.losses == ()
    assert "Parameters" not in page.text
    assert "VirtualNodeName: weather" in page.text
    assert page.text.count("!GetAtt") > 10
    alone = convert(read("walkthroughs/howto-http2/mesh/route-red.json"), "cloudformation")
    assert all("must exist" in one.reason for one in alone.losses)

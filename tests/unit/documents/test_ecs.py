"""ECS task definitions: which node they belong to, which container serves, and what is left out or open."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chaosmesh.appmesh import load
from chaosmesh.appmesh.translate import translate
from chaosmesh.documents.containers import Container, Group
from chaosmesh.engine.found import Found, find

TEMPLATE = """Parameters:
  AppImage: {Type: String}
  Stage: {Type: String, Default: test}
Resources:
  Mesh: {Type: "AWS::AppMesh::Mesh", Properties: {MeshName: m}}
  Node:
    Type: AWS::AppMesh::VirtualNode
    Properties:
      MeshName: m
      VirtualNodeName: front
      Spec:
        Listeners: [{PortMapping: {Port: 8080, Protocol: http}}]
        ServiceDiscovery: {DNS: {Hostname: front.local}}
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: front
      Cpu: 256
      Memory: 512
      Volumes: [{Name: data}, {Name: host, Host: {SourcePath: /opt}}]
      ProxyConfiguration:
        Type: APPMESH
        ContainerName: proxy
        ProxyConfigurationProperties:
          - {Name: AppPorts, Value: '8080'}
          - {Name: EgressIgnoredPorts, Value: '22,5432'}
          - {Name: EgressIgnoredIPs, Value: 169.254.170.2}
      ContainerDefinitions:
        - Name: proxy
          Image: example/anything
          Environment: [{Name: %s, Value: %s}]
        - Name: nginx
          Image: nginx:1.27
          PortMappings: [{ContainerPort: 80}]
        - Name: xray
          Image: public.ecr.aws/xray/aws-xray-daemon:3.x
          PortMappings: [{ContainerPort: 2000, Protocol: udp}]
        - Name: log_router
          Image: example/logs
          FirelensConfiguration: {Type: fluentbit}
        - Name: app
          Image: !Ref AppImage
          User: 1000:1000
          WorkingDirectory: /srv
          EntryPoint: [/bin/app]
          Command: [serve, !Sub '--stage=${Stage}']
          PortMappings: [{ContainerPort: 8080, Protocol: tcp}]
          MountPoints:
            - {SourceVolume: data, ContainerPath: /data}
            - {SourceVolume: host, ContainerPath: /opt, ReadOnly: true}
          Environment:
            - {Name: STAGE, Value: !Ref Stage}
            - {Name: DB, Value: !GetAtt Database.Endpoint}
          Secrets: [{Name: PASSWORD, ValueFrom: "arn:aws:ssm:x"}]
          HealthCheck:
            Command: [CMD-SHELL, curl -f http://localhost:8080/ping]
            Interval: 40
            Retries: 2
            StartPeriod: 5
  Service:
    Type: AWS::ECS::Service
    Properties: {TaskDefinition: !Ref Task, DesiredCount: 3}
"""
ARN = "APPMESH_RESOURCE_ARN"


def found(folder: Path, text: str, name: str = "doc.yaml", **options: object) -> Found:
    file = folder / name
    file.write_text(text)
    resources = load([file], **options)  # type: ignore[arg-type]
    return find(resources, translate(resources, "appmesh"))


def group(folder: Path, text: str, **options: object) -> Group:
    file = folder / "doc.yaml"
    file.write_text(text)
    (one,) = load([file], **options).workloads.tasks.values()  # type: ignore[arg-type]
    return one


def app(one: Group) -> Container:
    return next(found for found in one.containers if found.name == "app")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (ARN, "mesh/m/virtualNode/front"),
        (ARN, "!Sub 'mesh/${Mesh.MeshName}/virtualNode/front'"),
        (ARN, "!Ref Node"),
        (ARN, "!GetAtt Node.Arn"),
        (ARN, "!Join ['/', [mesh, m, virtualNode, !GetAtt Node.VirtualNodeName]]"),
        (ARN, "arn:aws:appmesh:us-east-1:1:mesh/m/virtualNode/front"),
        ("APPMESH_VIRTUAL_NODE_NAME", "mesh/m/virtualNode/front"),
        ("APPMESH_VIRTUAL_NODE_NAME", "!Sub 'mesh/m/virtualNode/${Node.VirtualNodeName}'"),
    ],
)
def test_a_task_belongs_to_the_node_that_its_envoy_names(tmp_path, name, value):
    made = found(tmp_path, TEMPLATE % (name, value), variables={"AppImage": "me/app:1"})
    program = made.programs["front"]
    assert (program.image, program.source) == ("me/app:1", "ecs")
    assert program.where is not None
    assert program.where.line == 41


def test_everything_of_a_container(tmp_path):
    made = found(tmp_path, TEMPLATE % (ARN, "mesh/m/virtualNode/front"), variables={"AppImage": "me/app:1"})
    program = made.programs["front"]
    assert program.command == ("serve", "--stage=test")
    assert program.entrypoint == ("/bin/app",)
    assert program.env == {"STAGE": "test"}
    assert (program.user, program.folder) == ("1000:1000", "/srv")
    assert (program.cpus, program.memory_mb) == (0.25, 512)
    assert program.ready.command == ("/bin/sh", "-c", "curl -f http://localhost:8080/ping")
    assert program.ready.within == 85
    assert [(one.target, one.source) for one in program.files] == [("/data", "")]
    assert program.proxy["EgressIgnoredPorts"] == "22,5432"
    assert program.proxy["EgressIgnoredIPs"] == "169.254.170.2"
    assert made.copies == {"front": 3}


def test_what_is_open_and_what_is_left_out_is_told_with_its_place(tmp_path):
    made = found(tmp_path, TEMPLATE % (ARN, "mesh/m/virtualNode/front"))
    gaps = {one.what: (one.reason, one.where.line) for one in made.gaps["front"]}
    assert gaps == {
        "image": ("AppImage has no value", 42),
        "env.DB": ("Database is no resource of this template", 53),
        "env.PASSWORD": ("is kept in a secret", 54),
        "files./opt": ("is /opt of another host", 50),
    }
    said = [(one.where.line, one.message) for one in made.notes]
    assert (35, "task definition Task: xray is left out, the X-Ray daemon") in said
    assert (38, "task definition Task: log_router is left out, a log router") in said
    assert any(line == 32 and "nginx is left out" in words for line, words in said)
    assert all(one.hint for one in made.notes)


def test_a_gateways_task_runs_nothing_of_its_own(tmp_path):
    made = found(tmp_path, TEMPLATE % (ARN, "mesh/m/virtualGateway/front"))
    assert made.programs == {}
    assert [one.message for one in made.notes] == []


def test_a_task_without_a_node_says_so(tmp_path):
    made = found(tmp_path, TEMPLATE % (ARN, "!Ref Unknown"))
    assert made.programs == {}
    (note,) = (one for one in made.notes if "whose task" in one.message)
    assert "Unknown is neither a parameter nor a resource" in note.message
    assert note.where.line == 16


def test_a_condition_that_does_not_hold_leaves_a_task_out(tmp_path):
    text = TEMPLATE % (ARN, "mesh/m/virtualNode/front")
    text = text.replace("Resources:", "Conditions: {Live: !Equals [!Ref Stage, live]}\nResources:", 1)
    text = text.replace(
        "    Type: AWS::ECS::TaskDefinition", "    Condition: Live\n    Type: AWS::ECS::TaskDefinition"
    )
    assert found(tmp_path, text).programs == {}
    assert set(found(tmp_path, text, variables={"Stage": "live"}).programs) == {"front"}


def test_an_image_that_an_intrinsic_chooses(tmp_path):
    text = TEMPLATE % (ARN, "mesh/m/virtualNode/front")
    chosen = text.replace("!Ref AppImage", "!Sub '${AWS::AccountId}.dkr/app:${Stage}'")
    assert app(group(tmp_path, chosen)).image == "000000000000.dkr/app:test"


@pytest.mark.parametrize(
    ("memory", "cpu", "expected"),
    [
        ("1GB", ".5 vCPU".strip("."), (5.0, 1024)),
        ("'2048'", "'1024'", (1.0, 2048)),
        ("0.5GB", "'0'", (None, 512)),
    ],
)
def test_bounds_in_every_form(tmp_path, memory, cpu, expected):
    text = (TEMPLATE % (ARN, "mesh/m/virtualNode/front")).replace("Memory: 512", f"Memory: {memory}")
    one = app(group(tmp_path, text.replace("Cpu: 256", f"Cpu: {cpu}")))
    assert (one.cpus, one.memory_mb) == expected


@pytest.mark.parametrize(
    "broken",
    [
        "ContainerDefinitions: !Ref Nothing",
        "ContainerDefinitions: {a: 1}",
        "ContainerDefinitions: [1, x, null, [a]]",
        "ContainerDefinitions: [{Name: [a], Image: {b: 1}, PortMappings: 3, Environment: x, HealthCheck: []}]",
        "ContainerDefinitions: !If [Nope, a, b]",
        "ProxyConfiguration: [1]",
        "ProxyConfiguration: {ContainerName: [x], ProxyConfigurationProperties: {a: b}}",
    ],
)
def test_nonsense_is_no_task_and_no_traceback(tmp_path, broken):
    text = f"Resources:\n  T: {{Type: 'AWS::ECS::TaskDefinition', Properties: {{{broken}}}}}\n"
    text += "  Mesh: {Type: 'AWS::AppMesh::Mesh', Properties: {MeshName: m}}\n"
    assert found(tmp_path, text).programs == {}


def test_the_json_of_register_task_definition(tmp_path):
    (tmp_path / "node.json").write_text(
        json.dumps(
            {
                "meshName": "m",
                "virtualNodeName": "front",
                "spec": {
                    "listeners": [{"portMapping": {"port": 9080, "protocol": "http"}}],
                    "serviceDiscovery": {"dns": {"hostname": "front.local"}},
                },
            }
        )
    )
    task = {
        "family": "front",
        "proxyConfiguration": {
            "type": "APPMESH",
            "containerName": "envoy",
            "properties": [{"name": "EgressIgnoredPorts", "value": "22"}],
        },
        "containerDefinitions": [
            {"name": "app", "image": "me/front", "portMappings": [{"containerPort": 9080}], "memory": 64},
            {
                "name": "envoy",
                "image": "840364872350.dkr.ecr.us-west-2.amazonaws.com/aws-appmesh-envoy:v1.29.12.1-prod",
                "environment": [{"name": "APPMESH_VIRTUAL_NODE_NAME", "value": "mesh/m/virtualNode/front"}],
            },
        ],
    }
    for body in (task, {"taskDefinition": task}):
        (tmp_path / "task.json").write_text(json.dumps(body, indent=1))
        resources = load([tmp_path])
        made = find(resources, translate(resources, "appmesh"))
        assert made.programs["front"].image == "me/front"
        assert made.programs["front"].memory_mb == 64
        assert made.programs["front"].proxy == {"EgressIgnoredPorts": "22"}
    again = load([tmp_path / "node.json"]).updated([tmp_path / "task.json", tmp_path / "node.json"])
    assert set(find(again, translate(again, "appmesh")).programs) == {"front"}

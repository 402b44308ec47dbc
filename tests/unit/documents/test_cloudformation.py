"""Intrinsics: what they give, and what is asked of the caller where the template can't know."""

from __future__ import annotations

import json

import pytest

from chaosmesh.appmesh import load
from chaosmesh.errors import DocumentError

NODE = """Parameters:
  Names: {Type: CommaDelimitedList, Default: "a, b"}
  Secret: {Type: "AWS::SSM::Parameter::Value<String>", Default: /path/in/ssm}
  Stage: {Type: String, Default: test, AllowedValues: [test, live]}
Mappings: {M: {test: {name: mapped}}}
Conditions: {Test: !Equals [!Ref Stage, test], Both: !And [!Condition Test, !Not [!Condition Test]]}
Resources:
  Mesh: {Type: "AWS::AppMesh::Mesh", Properties: {MeshName: m}}
  Other: {Type: "AWS::AppMesh::VirtualRouter", Properties: {MeshName: m, Spec: {}}}
  Balancer: {Type: "AWS::ElasticLoadBalancingV2::LoadBalancer"}
  Node:
    Type: AWS::AppMesh::VirtualNode
    Properties:
      MeshName: m
      VirtualNodeName: node
      Spec: {ServiceDiscovery: {DNS: {Hostname: %s}}}
"""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("!Ref AWS::Region", "us-east-1"),
        ("!Sub '${AWS::StackName}.x'", "doc.x"),
        ("!Ref Mesh", "arn:aws:appmesh:us-east-1:000000000000:mesh/m"),
        ("!Ref Other", "arn:aws:appmesh:us-east-1:000000000000:mesh/m/virtualRouter/Other"),
        ("!GetAtt Other.VirtualRouterName", "Other"),
        ("!GetAtt [Mesh, MeshName]", "m"),
        ("!Select [1, !Ref Names]", "b"),
        ("!Join ['.', !Ref Names]", "a.b"),
        ("!Join ['', [a, !If [Both, x, !Ref 'AWS::NoValue'], c]]", "ac"),
        ("!FindInMap [M, !Ref Stage, name]", "mapped"),
        ("!Sub ['${A}-${!B}-${Mesh.MeshName}', {A: !Ref Stage}]", "test-${B}-m"),
        ("!GetAtt Balancer.DNSName", "dns"),
        ("!Ref Secret", "from outside"),
        ("{'Fn::ImportValue': !Sub '${Stage}:VPC'}", "exported"),
        ("8080", "8080"),
    ],
)
def test_what_an_intrinsic_gives(tmp_path, value, expected):
    file = tmp_path / "doc.yaml"
    file.write_text(NODE % value)
    bound = {"Balancer.DNSName": "dns", "Secret": "from outside", "test:VPC": "exported"}
    node = load([file], variables=bound).virtual_nodes["node"]
    assert node.spec.service_discovery.dns.hostname == expected
    assert node.place("serviceDiscovery", "dns", "hostname").line == 16


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("!GetAtt Balancer.DNSName", "Balancer.DNSName"),
        ("!Ref Secret", "Secret"),
        ("!ImportValue exported", "exported"),
        ("!Sub '${Balancer.DNSName}.x'", "Balancer.DNSName"),
    ],
)
def test_what_only_the_caller_knows(tmp_path, value, name):
    file = tmp_path / "doc.yaml"
    file.write_text(NODE % value)
    with pytest.raises(DocumentError) as caught:
        load([file])
    (one,) = caught.value.problems
    assert one.hint == f"bind it with --set {name}=VALUE"
    assert one.where.line == 16


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("!Transform x", "not supported"),
        ("!GetAtt Mesh.MeshNam", "did you mean MeshName?"),
        ("!FindInMap [M, live, name]", "Mappings have no live"),
        ("!Select [5, [a]]", "no element 5"),
        ("!If [Tst, a, b]", "did you mean Test?"),
        ("!Split ['', a]", "empty separator"),
        ("!Select ['²', [a]]", "no element ²"),
        ("!Join ['-', a]", "Join has no list"),
        ("!Sub ['${a}', {a: !Ref Names}]", "a list stands where one value is needed"),
        ("!Sub {a: 1}", "a mapping stands where one value is needed"),
        ("!FindInMap [M, !Ref Names, x]", "a list stands where one value is needed"),
        ("!GetAtt [[Mesh], MeshName]", "a list stands where one value is needed"),
        ("!Ref {}", "a mapping stands where one value is needed"),
        ("!If [[Test], a, b]", "a list stands where one value is needed"),
        ("!If [{}, a, b]", "a mapping stands where one value is needed"),
    ],
)
def test_what_is_wrong_with_an_intrinsic(tmp_path, value, word):
    file = tmp_path / "doc.yaml"
    file.write_text(NODE % value)
    with pytest.raises(DocumentError, match=word.replace("?", r"\?")):
        load([file])


def test_a_parameter_outside_of_its_allowed_values(tmp_path):
    file = tmp_path / "doc.yaml"
    file.write_text(NODE % "!Ref Stage")
    with pytest.raises(DocumentError, match="allowed: test, live"):
        load([file], variables={"Stage": "dev"})


def test_json_templates_and_the_nine_acronyms(tmp_path):
    tls = {"Mode": "STRICT", "Certificate": {"ACM": {"CertificateArn": {"Ref": "Arn"}}}}
    listener = {
        "PortMapping": {"Port": "80", "Protocol": "http"},
        "ConnectionPool": {"HTTP": {"MaxConnections": 5}},
        "TLS": tls,
    }
    spec = {
        "Listeners": [listener],
        "ServiceDiscovery": {"DNS": {"Hostname": {"Fn::Join": [".", ["a", {"Ref": "Arn"}]]}}},
    }
    node = {
        "Type": "AWS::AppMesh::VirtualNode",
        "Properties": {"MeshName": "m", "VirtualNodeName": "n", "Spec": spec},
    }
    template = {"Parameters": {"Arn": {"Type": "String"}}, "Resources": {"Node": node}}
    file = tmp_path / "doc.json"
    file.write_text(json.dumps(template, indent=2))
    found = load([file], variables={"Arn": "arn"}).virtual_nodes["n"]
    assert found.spec.listeners[0].connection_pool.http.max_connections == 5
    assert found.spec.listeners[0].tls.certificate.acm.certificate_arn == "arn"
    assert found.spec.service_discovery.dns.hostname == "a.arn"
    file.write_text(json.dumps(template).replace('"TLS"', '"Tls"'))
    with pytest.raises(DocumentError, match="write TLS"):
        load([file], variables={"Arn": "arn"})


def test_types_and_properties_that_app_mesh_does_not_have(tmp_path):
    file = tmp_path / "doc.yaml"
    file.write_text(
        "Resources: {A: {Type: 'AWS::AppMesh::VirtualNod'}, B: {Type: 'AWS::AppMesh::Mesh', Properties: {Name: m}}}"
    )
    with pytest.raises(DocumentError) as caught:
        load([file])
    type_, property_ = caught.value.problems
    assert type_.hint == "did you mean AWS::AppMesh::VirtualNode?"
    assert property_.hint == "did you mean MeshName?"


@pytest.mark.parametrize(
    ("condition", "word"),
    [("!Equals [a]", "Equals takes two values"), ("!Not x", "take a list of conditions")],
)
def test_conditions_of_the_wrong_shape(tmp_path, condition, word):
    file = tmp_path / "doc.yaml"
    text = NODE.replace("Test: !Equals [!Ref Stage, test]", f"Test: {condition}")
    file.write_text(text % "!If [Test, a, b]")
    with pytest.raises(DocumentError, match=word):
        load([file])


@pytest.mark.parametrize(("stage", "names"), [("test", []), ("live", ["node"])])
def test_a_resource_under_a_condition(tmp_path, stage, names):
    file = tmp_path / "doc.yaml"
    text = NODE.replace(
        "Type: AWS::AppMesh::VirtualNode\n", "Type: AWS::AppMesh::VirtualNode\n    Condition: Live\n"
    )
    text = text.replace("Conditions: {", "Conditions: {Live: !Not [!Condition Test], ").replace(
        "AllowedValues", "X"
    )
    file.write_text(text % "a")
    assert list(load([file], variables={"Stage": stage}).virtual_nodes) == names

"""Kubernetes manifests: names, references, selection, shell templates, and what the controller refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaosmesh.appmesh import load
from chaosmesh.errors import DocumentError, Problem

HEAD = """apiVersion: v1
kind: Namespace
metadata: {name: ns, labels: {mesh: m, gateway: gw}}
---
apiVersion: appmesh.k8s.aws/v1beta2
kind: Mesh
metadata: {name: m}
spec: {namespaceSelector: {matchLabels: {mesh: m}}}
"""


def manifest(kind: str, name: str, spec: str, *, metadata: str = "namespace: ns") -> str:
    body = "\n".join(f"  {line}" for line in spec.splitlines())
    return f"---\napiVersion: appmesh.k8s.aws/v1beta2\nkind: {kind}\nmetadata: {{name: {name}, {metadata}}}\nspec:\n{body}\n"


NODE = manifest(
    "VirtualNode",
    "red",
    "listeners: [{portMapping: {port: 8080, protocol: http}}]\nserviceDiscovery: {dns: {hostname: red.local}}",
)


def read(folder: Path, *texts: str, name: str = "doc.yaml", **options):
    file = folder / name
    file.write_text("".join(texts))
    return load([file], **options)


def problems(folder: Path, *texts: str, **options) -> tuple[Problem, ...]:
    with pytest.raises(DocumentError) as caught:
        read(folder, *texts, **options)
    assert all(one.hint for one in caught.value.problems)
    return caught.value.problems


def at(problem: Problem) -> tuple[int, int]:
    return problem.where.line, problem.where.column


def test_default_names_and_awsname(tmp_path):
    found = read(
        tmp_path,
        HEAD,
        NODE,
        manifest("VirtualNode", "blue", "awsName: the-blue"),
        manifest(
            "VirtualService", "color", "provider: {virtualRouter: {virtualRouterRef: {name: color}}}"
        ),
        manifest("VirtualService", "own", "awsName: own.local\nprovider: {virtualNode: {virtualNodeRef: {name: blue}}}"),
        manifest(
            "VirtualRouter",
            "color",
            "listeners: [{portMapping: {port: 80, protocol: http}}]\n"
            "routes:\n"
            "- name: first\n"
            "  priority: 3\n"
            "  httpRoute:\n"
            "    match: {prefix: /}\n"
            "    action: {weightedTargets: [\n"
            "      {virtualNodeRef: {name: red}, weight: 1},\n"
            "      {virtualNodeRef: {name: blue}, weight: 1},\n"
            "      {virtualNodeRef: {name: far, namespace: other}, weight: 0},\n"
            "      {virtualNodeARN: 'arn:aws:appmesh:eu-west-1:1:mesh/m/virtualNode/x-y', weight: 0}]}\n"
            "- {name: second, tcpRoute: {action: {weightedTargets: [{virtualNodeRef: {name: red}, weight: 1}]}}}",
        ),
    )  # fmt: skip
    assert found.mesh_name == "m"
    assert list(found.virtual_nodes) == ["red_ns", "the-blue"]
    assert list(found.virtual_routers) == ["color_ns"]
    assert list(found.routes) == [("color_ns", "first"), ("color_ns", "second")]
    assert found.virtual_services["color.ns"].spec.provider.virtual_router.virtual_router_name == "color_ns"
    assert found.virtual_services["own.local"].spec.provider.virtual_node.virtual_node_name == "the-blue"
    first = found.routes["color_ns", "first"]
    targets = first.spec.http_route.action.weighted_targets
    assert [one.virtual_node for one in targets] == ["red_ns", "the-blue", "far_other", "x-y"]
    assert first.spec.priority == 3
    assert found.virtual_routers["color_ns"].spec.plain().keys() == {"listeners"}
    assert found.warnings == ()


def test_a_reference_finds_its_object_in_another_file_and_in_what_was_there_before(tmp_path):
    (tmp_path / "a.yaml").write_text(HEAD + manifest("VirtualNode", "red", "awsName: the-red"))
    route = "- {name: r, tcpRoute: {action: {weightedTargets: [{virtualNodeRef: {name: red}, weight: 1}]}}}"
    (tmp_path / "b.yaml").write_text(manifest("VirtualRouter", "r", f"routes:\n{route}"))
    for found in (load([tmp_path]), load([tmp_path / "a.yaml"]).updated([tmp_path / "b.yaml"])):
        assert found.routes["r_ns", "r"].spec.tcp_route.action.weighted_targets[0].virtual_node == "the-red"
        assert found.dangling() == []


def test_the_words_of_kubernetes_become_those_of_the_api(tmp_path):
    found = read(
        tmp_path,
        HEAD.replace("spec: {", "spec: {awsName: my-mesh, egressFilter: {type: ALLOW_ALL}, meshServiceDiscovery: {ipPreference: IPv4_ONLY}, "),
        manifest(
            "VirtualNode",
            "a",
            "podSelector: {matchLabels: {app: a, version: v2}}\n"
            "listeners:\n"
            "- portMapping: {port: 1, protocol: http}\n"
            "  tls: {mode: STRICT, certificate: {acm: {certificateARN: 'arn:1'}}}\n"
            "serviceDiscovery: {awsCloudMap: {namespaceName: n, serviceName: s}}\n"
            "backendDefaults: {clientPolicy: {tls: {validation: {trust: {acm: {certificateAuthorityARNs: ['arn:2']}}}}}}",
        ),
    )  # fmt: skip
    assert found.mesh_name == "my-mesh"
    assert found.mesh.spec.plain() == {
        "egressFilter": {"type": "ALLOW_ALL"},
        "serviceDiscovery": {"ipPreference": "IPv4_ONLY"},
    }
    node = found.virtual_nodes["a_ns"].spec
    assert node.listeners[0].tls.certificate.acm.certificate_arn == "arn:1"
    assert node.backend_defaults.client_policy.tls.validation.trust.acm.certificate_authority_arns == (
        "arn:2",
    )
    (pod,) = found.cluster.of("VirtualNode")
    assert pod.pod_labels == {"app": "a", "version": "v2"}


def test_backend_groups_and_the_wildcard(tmp_path):
    found = read(
        tmp_path,
        HEAD,
        *(manifest("VirtualService", name, "{}") for name in ("x", "y")),
        manifest("BackendGroup", "all", 'virtualservices: [{name: "*"}, {name: far, namespace: other}]'),
        manifest("VirtualNode", "a", "backends: [{virtualService: {virtualServiceRef: {name: y}}}]\nbackendGroups: [{name: all}]"),
    )  # fmt: skip
    names = [one.virtual_service.virtual_service_name for one in found.virtual_nodes["a_ns"].spec.backends]
    assert names == ["y.ns", "x.ns", "far.other"]
    (one,) = problems(tmp_path, HEAD, manifest("VirtualNode", "a", "backendGroups: [{name: none}]"))
    assert "BackendGroup ns/none" in one.message


ROUTE = "httpRoute: {match: {prefix: /}, action: {target: {virtualService: {virtualServiceRef: {name: x}}}}}"


def gateway(name: str, selectors: str) -> str:
    return manifest(
        "VirtualGateway", name, f"{selectors}\nlisteners: [{{portMapping: {{port: 1, protocol: http}}}}]"
    )


def test_gateway_routes_are_picked_by_selectors(tmp_path):
    near = "namespaceSelector: {matchLabels: {gateway: gw}}"
    two = [
        gateway(
            one,
            f"{near}\ngatewayRouteSelector: {{matchExpressions: [{{key: at, operator: In, values: [{one}]}}]}}",
        )
        for one in ("g", "h")
    ]
    routes = [
        manifest("GatewayRoute", one, ROUTE, metadata=f"namespace: ns, labels: {{at: {one}}}") for one in "gh"
    ]
    found = read(tmp_path, HEAD, *two, *routes)
    assert list(found.gateway_routes) == [("g_ns", "g_ns"), ("h_ns", "h_ns")]
    found = read(tmp_path, HEAD, gateway("g", near), manifest("GatewayRoute", "r", ROUTE))
    target = found.gateway_routes["g_ns", "r_ns"].spec.http_route.action.target
    assert target.virtual_service.virtual_service_name == "x.ns"
    (none,) = problems(tmp_path, HEAD, gateway("g", ""), manifest("GatewayRoute", "r", ROUTE))
    assert "0 of 1 do" in none.message
    (many,) = problems(
        tmp_path, HEAD, gateway("g", near), gateway("h", near), manifest("GatewayRoute", "r", ROUTE)
    )
    assert "2 of 2 do (g, h)" in many.message


def test_what_the_cluster_filled_in_is_believed(tmp_path):
    """`kubectl get -o yaml` gives references that nobody may write."""
    file = gateway("g", "") + manifest(
        "GatewayRoute",
        "r",
        f"meshRef: {{name: other, uid: u}}\nvirtualGatewayRef: {{name: g, uid: u}}\n{ROUTE}",
    )
    found = read(tmp_path, file)
    assert list(found.gateway_routes) == [("g_ns", "r_ns")]
    assert found.mesh_name == "other"


def test_without_its_namespace_nothing_is_lost_and_it_is_said(tmp_path):
    found = read(tmp_path, HEAD.partition("---\n")[2], NODE, manifest("VirtualNode", "b", "{}", metadata=""))
    assert list(found.virtual_nodes) == ["red_ns", "b_default"]
    said = [one.message for one in found.warnings]
    assert sum("the Namespace ns is not among the documents" in one for one in said) == 1
    assert any("names no namespace: default is taken" in one for one in said)


def test_a_namespace_that_the_mesh_does_not_select(tmp_path):
    (one,) = problems(tmp_path, HEAD.replace("{mesh: m, ", "{mesh: n, "), NODE)
    assert "exactly one mesh must select the namespace ns; 0 of 1 do" in one.message
    (one,) = problems(tmp_path, HEAD.replace("spec: {namespaceSelector", "spec: {x"), NODE)
    assert "0 of 1 do" in one.message
    everything = HEAD.replace("{matchLabels: {mesh: m}}", "{}")
    assert list(read(tmp_path, everything, NODE).virtual_nodes) == ["red_ns"]


def test_other_kinds_are_passed_over_and_unknown_fields_only_warn(tmp_path):
    others = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {run: 'echo $HOME ${PATH}'}\n---\nkind: Deployment\napiVersion: apps/v1\nspec: {image: $IMAGE}\n"
    stray = NODE.replace("serviceDiscovery:", "sidecar: {x: 1}\n  serviceDiscovery:")
    found = read(tmp_path, HEAD, others, stray)
    assert list(found.virtual_nodes) == ["red_ns"]
    (one,) = found.warnings
    assert "sidecar is an unknown field" in one.message
    text = (tmp_path / "doc.yaml").read_text().splitlines()
    assert text[one.where.line - 1].startswith("  sidecar")
    assert "sidecar" not in found.virtual_nodes["red_ns"].spec.plain()


def test_lists_and_json(tmp_path):
    found = read(
        tmp_path,
        '{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "appmesh.k8s.aws/v1beta2", "kind": "VirtualNode",'
        ' "metadata": {"name": "a", "namespace": "${NS}"}, "spec": {}}]}',
        name="doc.json",
        variables={"NS": "n"},
    )
    assert list(found.virtual_nodes) == ["a_n"]


@pytest.mark.parametrize("version", ["v1beta1", "v1alpha1"])
def test_the_retired_version_is_one_problem(tmp_path, version):
    (one,) = problems(tmp_path, HEAD, NODE.replace("v1beta2", version), NODE.replace("v1beta2", version))
    assert f"{version} is retired" in one.message
    assert at(one) == (10, 13)


def test_an_unknown_kind_and_an_object_without_a_name(tmp_path):
    kind, name = problems(
        tmp_path, NODE.replace("VirtualNode", "VirtualNod"), NODE.replace("name: red, ", "")
    )
    assert kind.hint == "did you mean VirtualNode?"
    assert "has no name" in name.message


# templates


def test_templates_are_filled_as_the_shell_does(tmp_path):
    text = (
        NODE.replace("red", "${NAME}")
        .replace("8080", "$PORT")
        .replace("namespace: ns", "namespace: ${NS:-ns}")
    )
    found = read(tmp_path, text, name="a.yaml.template", variables={"NAME": "green", "PORT": "9090"})
    node = found.virtual_nodes["green_ns"]
    assert node.spec.listeners[0].port_mapping.port == 9090
    assert node.spec.service_discovery.dns.hostname == "green.local"
    lines = text.splitlines()
    where = node.place("listeners", 0, "portMapping", "protocol")
    assert lines[where.line - 1][where.column - 1 :].startswith("protocol: http")
    assert node.place("serviceDiscovery", "dns").line == 7


def test_unbound_names_are_reported_together_if_app_mesh_needs_them(tmp_path):
    text = HEAD.replace("name: ns", "name: ${NS}").replace(
        "mesh: m,", "mesh: ${LABEL}, app: $APP,"
    ) + NODE.replace("namespace: ns", "namespace: ${NS}").replace("red.local", "${HOST}.${NS}")
    others = "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ${NS}}\nspec: {image: ${IMAGE}}\n"
    host, name = sorted(problems(tmp_path, text, others), key=lambda one: one.hint)
    assert host.hint == "bind it with --set HOST=VALUE"
    assert name.hint == "bind it with --set NS=VALUE"
    assert at(name) == (12, 34)
    assert "15:" in name.message
    assert text.splitlines()[host.where.line - 1][host.where.column - 1 :].startswith("${HOST}")


def test_a_dollar_that_is_no_variable(tmp_path):
    regex = "httpRoute: {match: {prefix: /, headers: [{name: x, match: {regex: '^a$b|c$'}}]}, action: {weightedTargets: [{virtualNodeRef: {name: red}, weight: 1}]}}"
    router = manifest("VirtualRouter", "r", f"routes: [{{name: r, {regex}}}]")
    for name, text in (("a.yaml", router), ("a.yaml.template", router.replace("$b", r"\$b"))):
        found = read(tmp_path, HEAD, NODE, text, name=name)
        (header,) = found.routes["r_ns", "r"].spec.http_route.match.headers
        assert header.match.regex == "^a$b|c$"


def test_a_variable_of_several_lines(tmp_path):
    text = HEAD + manifest("VirtualRouter", "r", "routes:\nROUTES").replace("  ROUTES", "${ROUTES}")
    route = "  - name: %s\n    tcpRoute: {action: {weightedTargets: [{virtualNodeARN: 'a:mesh/m/virtualNode/x', weight: 1}]}}"
    found = read(tmp_path, text, variables={"ROUTES": f"{route % 'a'}\n{route % 'b'}"})
    assert list(found.routes) == [("r_ns", "a"), ("r_ns", "b")]
    assert found.routes["r_ns", "b"].where.line == 15
    (one,) = problems(tmp_path, text)
    assert one.hint == "bind it with --set ROUTES=VALUE"


def test_a_value_that_breaks_the_document_is_told_at_the_templates_place(tmp_path):
    (one,) = problems(tmp_path, NODE.replace("8080", "$PORT"), variables={"PORT": "[1"})
    assert (one.where.line, "not YAML" in one.message) == (6, True)


# what the controller refuses


def route(spec: str) -> str:
    return manifest("VirtualRouter", "r", f"routes: [{{name: x, {spec}}}]")


ACTION = "action: {weightedTargets: [{virtualNodeARN: 'a:mesh/m/virtualNode/x', weight: 1}]}"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (manifest("VirtualNode", "a", "listeners: [{portMapping: {port: 1, protocol: http}}]"), "without serviceDiscovery"),
        (manifest("VirtualNode", "a", "backends: [{virtualService: {virtualServiceRef: {name: x}}}, {virtualService: {virtualServiceRef: {name: x}}}]"), "this backend twice"),
        (route(f"httpRoute: {{match: {{method: GET}}, {ACTION}}}"), "exactly one of prefix and path, neither"),
        (route(f"http2Route: {{match: {{prefix: /, path: {{exact: /}}}}, {ACTION}}}"), "exactly one of prefix and path, both"),
        (route(f"httpRoute: {{match: {{prefix: /}}, {ACTION}, timeout: {{idle: {{value: 1}}}}}}"), "idle has no unit"),
        (manifest("VirtualRouter", "r", "listeners: []"), "listeners is empty"),
        (manifest("VirtualRouter", "r", f"routes: [{{name: x, tcpRoute: {{{ACTION}}}}}, {{name: x, tcpRoute: {{{ACTION}}}}}]"), "the route x twice"),
        (manifest("GatewayRoute", "r", ROUTE.replace("prefix: /", "method: GET")), "prefix, path or hostname"),
        (manifest("GatewayRoute", "r", ROUTE.replace("prefix: /", "prefix: /, path: {exact: /}")), "prefix and path"),
        (manifest("GatewayRoute", "r", ROUTE.replace("prefix: /", "prefix: /, headers: [{name: x, match: {range: {start: 2, end: 2}}}]")), "ends before it starts"),
        (manifest("GatewayRoute", "r", ROUTE[:-1].replace("target:", "rewrite: {}, target:") + "}"), "rewrite is empty"),
        (manifest("GatewayRoute", "r", ROUTE.replace("target:", "rewrite: {prefix: {value: /x}}, target:")), "starts and ends with /"),
        (manifest("GatewayRoute", "r", ROUTE.replace("target:", "rewrite: {prefix: {value: /x/, defaultPrefix: ENABLED}}, target:")), "defaultPrefix and value"),
        (manifest("GatewayRoute", "r", ROUTE.replace("target:", "rewrite: {prefix: {value: /x/}, path: {exact: /}}, target:")), "prefix and path"),
        (manifest("GatewayRoute", "r", "grpcRoute: {match: {metadata: [{name: x}]}, action: {target: {virtualService: {virtualServiceRef: {name: x}}}}}"), "serviceName or hostname"),
        ("---\n" + HEAD.partition("---\n")[2].replace("spec: {", "spec: {meshServiceDiscovery: {ipPreference: IPv4_PREFERRED}, ").replace("name: m", "name: m2"), "IPv4_PREFERRED"),
    ],
)  # fmt: skip
def test_what_the_webhook_refuses_is_a_problem_unless_the_object_says_that_it_is_unchecked(
    tmp_path, text, word
):
    around = HEAD if "m2" not in text else ""
    gate = gateway("g", "namespaceSelector: {}")
    found = problems(tmp_path, around, gate, text)
    assert any(word in one.message for one in found), found
    if "twice" in word and "route" in word:
        return
    marked = text.replace("metadata: {", "metadata: {annotations: {chaosmesh/unchecked: 'true'}, ")
    assert any(word in one.message for one in read(tmp_path, around, gate, marked).warnings)


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        ("provider: {virtualNode: {virtualNodeName: x}}", "write virtualNodeRef"),
        ("provider: {virtualNode: {}}", "write virtualNodeRef"),
        ("provider: {virtualNode: {virtualNodeRef: {namespace: x}}}", "write virtualNodeRef"),
        ("provider: {virtualNode: {virtualNodeARN: x}}", "arn:aws:appmesh:REGION"),
        ("provider: {virtualNode: {virtualNodeRef: {name: x}, virtualNodeARN: x}}", "keep virtualNodeRef"),
        ("provider: {virtualRouter: 5}", "object"),
        ("[]", "object"),
    ],
)
def test_references_that_lead_nowhere(tmp_path, spec, word):
    assert word in problems(tmp_path, manifest("VirtualService", "s", spec))[0].hint


def test_an_object_that_only_gives_a_name(tmp_path):
    outside = "namespace: ns, annotations: {chaosmesh/outside: 'true'}"
    found = read(
        tmp_path,
        manifest("VirtualRouter", "r", f"awsName: Far\nroutes: [{{name: x, tcpRoute: {{{ACTION}}}}}]", metadata=outside),
        manifest("Mesh", "m", "{}", metadata="annotations: {chaosmesh/outside: 'true'}"),
        NODE.replace("spec:", "spec:\n  meshRef: {name: m}"),
    )  # fmt: skip
    assert found.mesh is None
    assert list(found.virtual_routers) == []
    assert list(found.routes) == [("Far", "x")]

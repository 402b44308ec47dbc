"""Deployments and their kin: which node selects them, which container serves, ConfigMaps, probes and bounds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosmesh.appmesh import load
from chaosmesh.appmesh.translate import translate
from chaosmesh.documents.containers import braced, mebibytes, processors
from chaosmesh.documents.pod_container import expanded
from chaosmesh.engine.found import Found, find
from chaosmesh.services.placeholders import fill

HEAD = """apiVersion: v1
kind: Namespace
metadata: {name: ns, labels: {mesh: m}}
---
apiVersion: appmesh.k8s.aws/v1beta2
kind: Mesh
metadata: {name: m}
spec: {namespaceSelector: {matchLabels: {mesh: m}}}
---
apiVersion: appmesh.k8s.aws/v1beta2
kind: VirtualNode
metadata: {name: red, namespace: ns}
spec:
  podSelector: %s
  listeners: [{portMapping: {port: 8080, protocol: http}}]
  serviceDiscovery: {awsCloudMap: {namespaceName: local, serviceName: red}}
"""
LABELS = "{matchLabels: {app: color}}"
DEPLOYMENT = """---
apiVersion: apps/v1
kind: Deployment
metadata: {name: red, namespace: ns}
spec:
  replicas: 3
  selector: {matchLabels: {app: color}}
  template:
    metadata:
      labels: {app: color, version: red}
      annotations: {appmesh.k8s.aws/egressIgnoredPorts: "5432"}
    spec:
      initContainers: [{name: wait, image: busybox}]
      securityContext: {runAsUser: 1000, runAsGroup: 3000}
      volumes:
        - {name: conf, configMap: {name: settings}}
        - {name: tmp, emptyDir: {sizeLimit: 64Mi}}
        - {name: keys, secret: {secretName: keys}}
      containers:
        - {name: xray-daemon, image: amazon/aws-xray-daemon}
        - name: app
          image: me/color:2
          command: [/app, "$(COLOR)"]
          args: ["--level=$(LEVEL)", "$$(COLOR)", "$(NOBODY)"]
          workingDir: /srv
          ports: [{containerPort: 8080, name: http}]
          envFrom: [{configMapRef: {name: settings}, prefix: CONF_}]
          env:
            - {name: COLOR, value: red}
            - {name: GREETING, value: "$(COLOR) and {host}"}
            - {name: LEVEL, valueFrom: {configMapKeyRef: {name: settings, key: level}}}
            - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
            - {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
            - {name: VERSION, valueFrom: {fieldRef: {fieldPath: "metadata.labels['version']"}}}
            - {name: PASSWORD, valueFrom: {secretKeyRef: {name: db, key: password}}}
            - {name: MAYBE, valueFrom: {secretKeyRef: {name: db, key: x, optional: true}}}
          volumeMounts:
            - {name: conf, mountPath: /etc/conf}
            - {name: tmp, mountPath: /tmp}
            - {name: keys, mountPath: /keys}
          resources: {limits: {cpu: 500m, memory: 128Mi}}
          readinessProbe: {httpGet: {path: /ready, port: http}, initialDelaySeconds: 30, periodSeconds: 20}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: ns}
data: {level: "7", app.conf: "x = 1"}
"""


def found(folder: Path, *texts: str, name: str = "doc.yaml", **variables: str) -> Found:
    (folder / name).write_text("".join(texts))
    resources = load([folder / name], variables=variables)
    return find(resources, translate(resources, "appmesh"))


@pytest.mark.parametrize(
    ("selector", "picked"),
    [
        (LABELS, True),
        ("{matchLabels: {app: color, version: blue}}", False),
        ("{matchExpressions: [{key: version, operator: In, values: [red, blue]}]}", True),
        ("{matchExpressions: [{key: version, operator: NotIn, values: [red]}]}", False),
        ("{matchExpressions: [{key: version, operator: Exists}]}", True),
        ("{matchExpressions: [{key: canary, operator: DoesNotExist}], matchLabels: {app: color}}", True),
        ("{}", True),
        ("null", False),
    ],
)
def test_a_node_selects_its_pods(tmp_path, selector, picked):
    assert ("red_ns" in found(tmp_path, HEAD % selector, DEPLOYMENT).programs) is picked


def test_pods_of_another_namespace_are_not_selected(tmp_path):
    elsewhere = DEPLOYMENT.replace("namespace: ns", "namespace: other")
    assert found(tmp_path, HEAD % LABELS, elsewhere).programs == {}


def test_everything_of_a_pod(tmp_path):
    made = found(tmp_path, HEAD % LABELS, DEPLOYMENT)
    program = made.programs["red_ns"]
    assert (program.image, program.source) == ("me/color:2", "kubernetes")
    assert program.entrypoint == ("/app", "red")
    assert program.command == ("--level=7", "$(COLOR)", "$(NOBODY)")
    assert program.env == {
        "CONF_level": "7",
        "CONF_app.conf": "x = 1",
        "COLOR": "red",
        "GREETING": "red and {{host}}",
        "LEVEL": "7",
        "POD": "red-{replica}",
        "IP": "{address}",
        "VERSION": "red",
    }
    assert (program.user, program.folder) == ("1000:3000", "/srv")
    assert (program.cpus, program.memory_mb) == (0.5, 128)
    assert (program.ready.path, program.ready.port, program.ready.within) == ("/ready", 8080, 90)
    files = {one.target: one for one in program.files}
    assert files["/etc/conf/app.conf"].text == "x = 1"
    assert files["/tmp"].size_mb == 64
    assert not files["/tmp"].read_only
    assert program.proxy == {"EgressIgnoredPorts": "5432"}
    assert made.copies == {"red_ns": 3}
    assert program.where is not None
    assert program.where.line == 37


def test_what_is_open_and_left_out(tmp_path):
    made = found(tmp_path, HEAD % LABELS, DEPLOYMENT)
    assert {(one.what, one.reason) for one in made.gaps["red_ns"]} == {
        ("env.PASSWORD", "is kept in a secret"),
        ("files./keys", "is a secret that the documents don't hold"),
    }
    words = [one.message for one in made.notes]
    assert "Deployment red: initContainers: init containers don't run" in words
    assert "Deployment red: xray-daemon is left out, the X-Ray daemon" in words


def test_a_template_needs_nothing_but_what_the_policy_needs(tmp_path):
    text = DEPLOYMENT.replace("me/color:2", "${IMAGE}").replace("namespace: ns", "namespace: ${NS}")
    head = (HEAD % LABELS).replace("namespace: ns", "namespace: ${NS}").replace("name: ns", "name: ${NS}")
    made = found(tmp_path, head, text, name="doc.yaml.template", NS="ns")
    (gap,) = (one for one in made.gaps["red_ns"] if one.what == "image")
    assert (gap.where.line, gap.where.column, gap.reason) == (38, 11, "IMAGE has no value")
    made = found(tmp_path, head, text, name="doc.yaml.template", NS="ns", IMAGE="me/x")
    assert made.programs["red_ns"].image == "me/x"


def test_a_file_of_its_own_in_every_form(tmp_path):
    (tmp_path / "mesh.yaml").write_text(HEAD % LABELS)
    container = {"name": "app", "image": "me/x", "ports": [{"containerPort": 8080}]}
    template = {"metadata": {"labels": {"app": "color"}}, "spec": {"containers": [container]}}
    body = {"metadata": {"name": "red", "namespace": "ns"}, "spec": {"template": template}}
    first = {"kind": "Deployment", "apiVersion": "apps/v1", **body}
    forms = {
        "a.json": json.dumps(first, indent=2),
        "b.json": json.dumps({"apiVersion": "v1", "kind": "List", "items": [first]}, indent=2),
        "c.yaml": "kind: Deployment\napiVersion: apps/v1\n"
        f"metadata: {json.dumps(body['metadata'])}\nspec: {json.dumps(body['spec'])}\n",
    }
    for name, text in forms.items():
        (tmp_path / name).write_text(text)
        resources = load([tmp_path])
        assert find(resources, translate(resources, "appmesh")).programs["red_ns"].image == "me/x", name
        (tmp_path / name).unlink()


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet", "ReplicaSet", "Rollout"])
def test_other_kinds_with_pods(tmp_path, kind):
    assert "red_ns" in found(tmp_path, HEAD % LABELS, DEPLOYMENT.replace("Deployment", kind)).programs


def test_a_bare_pod(tmp_path):
    pod = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: ns, labels: {app: color}}\n"
    pod += "spec: {containers: [{name: app, image: me/p, readinessProbe: {tcpSocket: {port: 8080}}}]}\n"
    program = found(tmp_path, HEAD % LABELS, pod).programs["red_ns"]
    assert (program.image, program.ready.port) == ("me/p", 8080)


@pytest.mark.parametrize(
    ("probe", "expected"),
    [
        ("exec: {command: [cat, /ready]}", ("", ("cat", "/ready"), None, None)),
        ("grpc: {port: 9000, service: x}", ("", (), "x", 9000)),
        ("grpc: {port: 9000}", ("", (), "", 9000)),
        ("httpGet: {path: /x, port: 8443, scheme: HTTPS}", ("", (), None, 8443)),
        ("httpGet: {port: 8080}", ("/", (), None, 8080)),
        ("httpGet: {port: nobody}", ("/", (), None, None)),
    ],
)
def test_probes(tmp_path, probe, expected):
    text = DEPLOYMENT.replace(
        "readinessProbe: {httpGet: {path: /ready, port: http}", f"readinessProbe: {{{probe}"
    )
    ready = found(tmp_path, HEAD % LABELS, text).programs["red_ns"].ready
    assert (ready.path, ready.command, ready.grpc, ready.port) == expected


def test_a_second_deployment_is_said(tmp_path):
    other = DEPLOYMENT.split("---\n")[1].replace("name: red", "name: canary")
    made = found(tmp_path, HEAD % LABELS, DEPLOYMENT, "---\n", other)
    assert "Deployment canary is behind red_ns too: left out" in [one.message for one in made.notes]


def test_containers_of_which_none_names_the_port(tmp_path):
    text = DEPLOYMENT.replace("xray-daemon, image: amazon/aws-xray-daemon", "other, image: x")
    made = found(tmp_path, HEAD % LABELS, text.replace("ports: [{containerPort: 8080, name: http}]", ""))
    assert made.programs == {}
    (note,) = (one for one in made.notes if "can't be told" in one.message)
    assert note.message == "Deployment red: which of other, app listens on 8080 can't be told"


@pytest.mark.parametrize(
    "spec",
    [
        "{template: {spec: [1]}}",
        "{template: {spec: {containers: x}}}",
        "{template: {metadata: {labels: {app: color}}, spec: {containers: [1, null, [x]]}}}",
        "{replicas: many, template: {metadata: [], spec: {volumes: 3, containers: [{env: 1, ports: x}]}}}",
        "{template: {spec: {containers: [{volumeMounts: y, readinessProbe: [], envFrom: [{}], args: {a: b}}]}}}",
        "{template: {metadata: {labels: {app: color}}, spec: {containers: [{env: [{}, {name: a, valueFrom: 3}]}]}}}",
        "{template: {spec: {containers: [{ports: [{containerPort: x}], readinessProbe: {periodSeconds: x}}]}}}",
    ],
)
def test_nonsense_is_no_traceback(tmp_path, spec):
    text = f"---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a, namespace: ns}}\nspec: {spec}\n"
    found(tmp_path, HEAD % LABELS, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("128Mi", 128),
        ("1Gi", 1024),
        ("134217728", 128),
        ("1G", 954),
        ("1k", 1),
        ("x", None),
        ("", None),
        ("1e9", 954),
    ],
)
def test_quantities_of_memory(text, expected):
    assert mebibytes(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("500m", 0.5), ("2", 2.0), ("1.5", 1.5), ("0", None), ("x", None)]
)
def test_quantities_of_processors(text, expected):
    assert processors(text) == expected


@given(st.text(alphabet="{}hostprelica $()A", max_size=40))
def test_what_a_document_says_comes_through_placeholders_unchanged(text):
    values = {"host": "1.2.3.4", "port": "80", "replica": "0", "address": "1.2.3.5"}
    assert fill(braced(text), values) == text


@given(st.text(max_size=40), st.dictionaries(st.text("ABC", min_size=1, max_size=2), st.text(max_size=5)))
def test_references_are_filled_in_and_never_fail(text, env):
    filled = expanded(text, env)
    if "$" not in text:
        assert filled == text

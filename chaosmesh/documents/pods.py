"""Pods of Kubernetes manifests: the containers of a Deployment, StatefulSet or Pod that a virtual node selects.

A pod is kept as its tree until all documents are read: its ConfigMaps may stand in another file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from chaosmesh.documents.containers import ENVOY, Container, Group, left_out, sidecar
from chaosmesh.documents.manifest import Manifest, selects, texts
from chaosmesh.documents.pod_container import Around, container
from chaosmesh.documents.tree import Node
from chaosmesh.errors import Problem, Where

KINDS = (
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "ReplicationController",
    "Rollout",
    "Pod",
)
"""Of objects whose pods serve; a Job ends."""
_PROXY = {
    "appmesh.k8s.aws/egressIgnoredPorts": "EgressIgnoredPorts",
    "appmesh.k8s.aws/egressIgnoredIPs": "EgressIgnoredIPs",
    "appmesh.k8s.aws/ports": "AppPorts",
}
"""Annotation of a pod → what ECS calls the same property."""
_UNTAKEN = {
    "initContainers": "init containers don't run",
    "hostNetwork": "it gets a network of its own",
    "hostPID": "it gets processes of its own",
}


@dataclass(frozen=True, slots=True)
class Pod:
    """The pod template of one object: its tree, its labels and annotations (`marks`), how many of it are wanted, and by
    line which variables have no value."""

    kind: str
    name: str
    namespace: str
    spec: Node
    where: Where
    copies: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[int, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str]:
        """What no two objects of a cluster share."""
        return self.kind, self.namespace, self.name

    @property
    def title(self) -> str:
        """The object as its owner would call it."""
        return f"{self.kind} {self.name}"

    def selected(self, node: Manifest) -> bool:
        """Whether the `podSelector` of a virtual node picks it."""
        near = (node.namespace or "") == self.namespace
        return near and selects(node.spec.at("podSelector"), self.labels)


def pod_of(root: Node, missing: Mapping[int, str]) -> Pod | None:
    """The pod of an object with one, None for any other."""
    kind, name = root.text("kind") or "", root.text("metadata", "name")
    if kind not in KINDS or name is None:
        return None
    spec = root.at("spec") if kind == "Pod" else root.at("spec", "template", "spec")
    meta = root.at("metadata") if kind == "Pod" else root.at("spec", "template", "metadata")
    if spec is None or not isinstance(spec.value, Mapping):
        return None
    count = root.at("spec", "replicas")
    return Pod(
        kind=kind,
        name=name,
        namespace=root.text("metadata", "namespace") or "default",
        spec=spec,
        where=root.where,
        copies=count.value if count and isinstance(count.value, int) and count.value > 0 else None,
        labels=texts(meta.at("labels")) if meta else {},
        marks=texts(meta.at("annotations")) if meta else {},
        missing=missing,
    )


def group_of(pod: Pod, configs: Mapping[tuple[str, str], Node]) -> Group:
    """What runs in a pod. `configs`: the `data` of the ConfigMaps in the documents by namespace and name."""
    around = Around(pod.name, pod.namespace, pod.labels, pod.marks, pod.spec, configs, pod.missing)
    found: list[Container] = []
    notes = list(_untaken(pod))
    listed = pod.spec.at("containers")
    for one in listed.items if listed else ():
        made = container(one, around)
        words = sidecar(made.image, made.name)
        if any(name.startswith("APPMESH_") for name in made.env):
            words = ENVOY
        if not words:
            found.append(made)
        elif words != ENVOY:
            notes.append(left_out(one.where, pod.title, made.name, words))
    return Group(
        origin="kubernetes",
        title=pod.title,
        where=pod.where,
        containers=tuple(found),
        copies=pod.copies,
        proxy={name: pod.marks[mark] for mark, name in _PROXY.items() if mark in pod.marks},
        notes=tuple(notes),
    )


def _untaken(pod: Pod) -> Iterator[Problem]:
    for name, words in _UNTAKEN.items():
        found = pod.spec.at(name)
        if found is not None and (found.items or found.value is True):
            yield Problem(found.place, f"{pod.title}: {name}: {words}", "its image has to do without")

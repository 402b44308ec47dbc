"""What is known of Kubernetes objects beyond their policy: names, labels, selectors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from chaosmesh.documents.tree import Node, Unresolved
from chaosmesh.errors import Where

GROUP = "appmesh.k8s.aws"
KIND_WORDS = {
    "Mesh": "mesh",
    "VirtualNode": "virtualNode",
    "VirtualService": "virtualService",
    "VirtualRouter": "virtualRouter",
    "VirtualGateway": "virtualGateway",
    "GatewayRoute": "gatewayRoute",
}
"""Kubernetes kind → word of the App Mesh kind."""
OUTSIDE = "chaosmesh/outside"
"""Annotation of an object that only gives a name: the resource itself is not among the documents."""
UNCHECKED = "chaosmesh/unchecked"
"""Annotation of an object that the controller's webhook would refuse; what it refuses is a warning then."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """One Kubernetes object of the App Mesh controller. `aws_name`: its name in App Mesh."""

    kind: str
    namespace: str | None
    name: str
    aws_name: str
    spec: Node
    where: Where
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def pod_labels(self) -> Mapping[str, str]:
        """The labels by which `podSelector` picks pods (`matchLabels` alone)."""
        return texts(self.spec.at("podSelector", "matchLabels"))


Key = tuple[str, str | None, str]


@dataclass(slots=True)
class Cluster:
    """The objects of the documents by (kind, namespace, name), and the labels of the namespaces they hold."""

    manifests: dict[Key, Manifest] = field(default_factory=dict)
    namespaces: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def of(self, kind: str) -> Iterator[Manifest]:
        """Every object of a kind, in the order of the documents."""
        return (one for one in self.manifests.values() if one.kind == kind)

    def name_of(self, kind: str, namespace: str, name: str) -> str:
        """The App Mesh name behind a reference; the default name where the object is not among the documents."""
        found = self.manifests.get((kind, namespace, name))
        return found.aws_name if found else default_name(kind, namespace, name)

    def copy(self) -> Cluster:
        """A cluster that can grow without changing this one."""
        return Cluster(dict(self.manifests), dict(self.namespaces))


def default_name(kind: str, namespace: str | None, name: str) -> str:
    """The App Mesh name of an object without `awsName`, as the controller makes it."""
    if kind == "Mesh":
        return name
    return f"{name}.{namespace}" if kind == "VirtualService" else f"{name}_{namespace}"


def texts(node: Node | None) -> dict[str, str]:
    """A mapping of labels; what is no text is left out."""
    return {k: v.value for k, v in (node.fields if node else {}).items() if isinstance(v.value, str)}


def selects(selector: Node | None, labels: Mapping[str, str]) -> bool:
    """Whether a label selector picks labels: none picks nothing, `{}` everything.

    A label that stands in a variable without a value may be anything, so it counts as picked.
    """
    if selector is None or selector.value is None:
        return False
    wanted = texts(selector.at("matchLabels"))
    if any(not _agree(labels.get(key), value) for key, value in wanted.items()):
        return False
    expressions = selector.at("matchExpressions")
    return all(_holds(one, labels) for one in (expressions.items if expressions else ()))


def _agree(found: str | None, wanted: str) -> bool:
    return found == wanted or isinstance(found, Unresolved) or isinstance(wanted, Unresolved)


def _holds(expression: Node, labels: Mapping[str, str]) -> bool:
    key, operator = expression.text("key") or "", expression.text("operator") or ""
    values = expression.at("values")
    wanted = [str(one.value) for one in (values.items if values else ())]
    found = labels.get(key)
    if isinstance(found, Unresolved):
        return True
    return {
        "In": found in wanted,
        "NotIn": found not in wanted,
        "Exists": found is not None,
        "DoesNotExist": found is None,
    }.get(operator, False)

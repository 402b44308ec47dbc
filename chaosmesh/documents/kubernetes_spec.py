"""The spec of a Kubernetes object in the words of the App Mesh API.

A reference to another object becomes its name later, when all files are read: until then it is a node with the tag
`!ref:KIND` and the value `NAMESPACE/NAME`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from chaosmesh.documents.tree import UNRESOLVED, Node, Problems, Unresolved

REFERENCE = "!ref:"
_RENAMED = {"certificateARN": "certificateArn", "certificateAuthorityARNs": "certificateAuthorityArns"}
_OWN = {
    "mesh": {"awsName", "namespaceSelector", "meshOwner"},
    "virtualNode": {"awsName", "podSelector", "meshRef", "backendGroups"},
    "virtualService": {"awsName", "meshRef"},
    "virtualRouter": {"awsName", "meshRef", "routes"},
    "virtualGateway": {"awsName", "namespaceSelector", "gatewayRouteSelector", "podSelector", "meshRef"},
    "gatewayRoute": {"awsName", "meshRef", "virtualGatewayRef"},
    "route": set[str](),
}
"""Fields that Kubernetes needs and the App Mesh spec doesn't have."""
_POINTS = {
    "weightedTargets": "virtualNode",
    "virtualNode": "virtualNode",
    "virtualRouter": "virtualRouter",
    "virtualService": "virtualService",
}
"""Key of a mapping that points to another resource → kind of that resource."""
_POINTER = re.compile(r"(virtualNode|virtualService|virtualRouter)(Ref|ARN)")


@dataclass(frozen=True, slots=True)
class Report:
    """Where findings about one object go. `refused`: what the controller would not let in."""

    problems: Problems
    refused: Problems
    warnings: Problems
    namespace: str


def api_spec(word: str, spec: Node, report: Report) -> Node:
    """The spec of a resource as the API has it, every value still at its place."""
    own = _OWN[word]
    fields = {name: one for name, one in spec.fields.items() if name not in own}
    if word == "mesh" and "meshServiceDiscovery" in fields:
        fields["serviceDiscovery"] = fields.pop("meshServiceDiscovery")
    if not isinstance(spec.value, Mapping):
        return spec
    return _convert(replace(spec, value=fields), "spec", report)


def _convert(node: Node, inside: str, report: Report) -> Node:
    if isinstance(node.value, tuple):
        return replace(node, value=tuple(_convert(one, inside, report) for one in node.value))
    if not isinstance(node.value, Mapping):
        return node
    pointed = _POINTS.get(inside)
    api = (pointed if inside == "weightedTargets" else f"{pointed}Name") if pointed else None
    fields: dict[str, Node] = {}
    for name, member in node.value.items():
        pointer = _POINTER.fullmatch(name)
        if pointer and pointer[1] == pointed and api:
            if api in fields:
                hint = f"keep {pointed}Ref or {pointed}ARN"
                report.refused.add(member.place, f"{name}: the {pointed} is named twice", hint)
                continue
            read = _reference if pointer[2] == "Ref" else _arn
            fields[api] = read(pointer[1], name, member, report)
        elif name == api:
            hint = f"write {pointed}Ref: {{name: …}}"
            report.problems.add(
                member.place, f"{name} is the API's word; Kubernetes refers by {pointed}Ref", hint
            )
            fields[api] = replace(member, value=UNRESOLVED)
        else:
            _missing_in_crd(inside, name, member, report)
            fields[_RENAMED.get(name, name)] = _convert(member, name, report)
    if api and api not in fields:
        hint = f"write {pointed}Ref: {{name: …}}"
        report.problems.add(node.place, f"{pointed}Ref is missing", hint)
        fields[api] = Node(UNRESOLVED, node.place)
    return replace(node, value=fields)


def _reference(kind: str, name: str, member: Node, report: Report) -> Node:
    target, namespace = member.at("name"), member.at("namespace")
    for one in (target, namespace):
        if one is not None and isinstance(one.value, Unresolved):
            return replace(member, value=UNRESOLVED)
    if target is None or not isinstance(target.value, str) or not target.value:
        report.problems.add((target or member).place, f"{name} has no name", f"write {name}: {{name: …}}")
        return replace(member, value=UNRESOLVED)
    given = namespace.value if namespace and isinstance(namespace.value, str) else None
    value = f"{given or report.namespace}/{target.value}"
    return Node(value, target.where, target.key, f"{REFERENCE}{kind}")


def _arn(kind: str, name: str, member: Node, report: Report) -> Node:
    if isinstance(member.value, Unresolved):
        return member
    found = (
        re.search(rf":mesh/[^/]+/{kind}/(.+)$", member.value, re.DOTALL)
        if isinstance(member.value, str)
        else None
    )
    if found:
        return replace(member, value=found[1])
    hint = f"write arn:aws:appmesh:REGION:ACCOUNT:mesh/MESH/{kind}/NAME"
    report.problems.add(member.place, f"{name} is no ARN of a {kind}", hint)
    return replace(member, value=UNRESOLVED)


def _missing_in_crd(inside: str, name: str, member: Node, report: Report) -> None:
    if name == "ipPreference" and inside in {"dns", "awsCloudMap"}:
        hint = "the mesh's meshServiceDiscovery has one"
        report.warnings.add(
            member.place, "ipPreference is no field of the CRD: a cluster ignores it here", hint
        )

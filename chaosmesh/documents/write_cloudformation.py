"""A CloudFormation template without parameters: references inside it are `GetAtt`, so the order of creation follows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from chaosmesh.documents.cloudformation import pascal
from chaosmesh.documents.kinds import KINDS
from chaosmesh.documents.writing import Names, Page, Plain, Written, pointers
from chaosmesh.documents.yamlout import Tagged, to_yaml


def write_cloudformation(mesh_name: str, resources: Sequence[Plain]) -> Written:
    """The resources as one template. Names of what is not among them are written out, and told as losses."""
    names = Names()
    logical = {one.key: names.fresh(_logical(one)) for one in resources}
    mesh = next((logical[one.key] for one in resources if one.kind == "mesh"), None)
    written = Written()
    body: dict[str, Any] = {}
    for one in resources:
        kind = KINDS[one.kind]
        properties: dict[str, Any] = {"MeshName": Tagged("GetAtt", f"{mesh}.MeshName") if mesh else mesh_name}
        if kind.parent and one.parent is not None:
            owner = logical.get((kind.parent, None, one.parent))
            attribute = pascal(KINDS[kind.parent].name_key)
            properties[attribute] = Tagged("GetAtt", f"{owner}.{attribute}") if owner else one.parent
            if owner is None:
                written.lose(one, (), f"the {kind.parent} {one.parent} is not in the template: it must exist")
        if one.kind == "mesh":
            properties["MeshName"] = one.name
        else:
            properties[pascal(kind.name_key)] = one.name
        links = _links(one, logical, written)
        spec = _pascal(one.spec, (), links)
        if one.kind != "mesh" or spec:
            properties["Spec"] = spec
        body[logical[one.key]] = {"Type": kind.cloudformation, "Properties": properties}
    if mesh is None and resources:
        written.lose(resources[0], (), f"the mesh {mesh_name} is not in the template: it must exist")
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"The App Mesh mesh {mesh_name}",
        "Resources": body,
    }
    written.pages.append(Page("template.yaml", to_yaml(template)))
    return written


def _logical(one: Plain) -> str:
    words = re.split(r"[^A-Za-z0-9]+", f"{one.kind} {one.parent or ''} {one.name}")
    return "".join(word[:1].upper() + word[1:] for word in words)[:200] or "Resource"


def _links(
    one: Plain, logical: Mapping[tuple[str, str | None, str], str], written: Written
) -> dict[tuple[str | int, ...], Tagged]:
    """What stands in place of each name that means a resource of the template."""
    found = {}
    for path, kind, name in pointers(one):
        target = logical.get((kind, None, name))
        if target and not _closes_a_circle(one, kind):
            found[path] = Tagged("GetAtt", f"{target}.{pascal(KINDS[kind].name_key)}")
        elif not target:
            written.lose(one, path, f"the {kind} {name} is not in the template: it must exist")
    return found


def _closes_a_circle(one: Plain, kind: str) -> bool:
    """A backend is written out: a node may call the service that it serves itself, which no template can order."""
    return one.kind == "virtualNode" and kind == "virtualService"


def _pascal(value: Any, path: tuple[str | int, ...], links: Mapping[tuple[str | int, ...], Tagged]) -> Any:
    if path in links:
        return links[path]
    if isinstance(value, Mapping):
        return {pascal(key): _pascal(member, (*path, key), links) for key, member in value.items()}
    if isinstance(value, list):
        return [_pascal(member, (*path, index), links) for index, member in enumerate(value)]
    return value

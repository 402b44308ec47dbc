"""App Mesh API JSON: one file a resource, as `aws appmesh create-… --cli-input-json` takes it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from chaosmesh.documents.kinds import KINDS
from chaosmesh.documents.writing import Page, Plain, Written, slug

_FILES = {
    "mesh": "mesh",
    "virtualService": "service",
    "virtualNode": "node",
    "virtualRouter": "router",
    "route": "route",
    "virtualGateway": "gateway",
    "gatewayRoute": "gateway-route",
}


def write_api_json(mesh_name: str, resources: Sequence[Plain]) -> Written:
    """The resources as files. Every file carries its names, so nothing depends on what the file is called.

    The number in front keeps the order, which decides between routes that match alike.
    """
    written = Written()
    width = len(str(len(resources)))
    for number, one in enumerate(resources, 1):
        kind = KINDS[one.kind]
        body: dict[str, Any] = {"meshName": mesh_name}
        if kind.parent_key:
            body[kind.parent_key] = one.parent
        body[kind.name_key] = one.name
        body["spec"] = one.spec
        whole = [one.parent, one.name] if one.parent else [one.name]
        stem = "mesh" if one.kind == "mesh" else f"{slug('-'.join(map(str, whole)), 180)}-{_FILES[one.kind]}"
        text = json.dumps(body, indent=2, ensure_ascii=False) + "\n"
        written.pages.append(Page(f"{number:0{width}}-{stem}.json", text))
    return written

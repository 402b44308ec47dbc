"""Kubernetes manifests of the App Mesh controller: recognised, not read yet."""

from __future__ import annotations

import re

from chaosmesh.documents.context import Context
from chaosmesh.errors import Where

_GROUP = re.compile(r"^\s*[\"']?apiVersion[\"']?\s*:\s*[\"']?(appmesh\.k8s\.aws/\w+)", re.MULTILINE)


def is_kubernetes(text: str) -> bool:
    """Whether a text (a template may be no YAML yet) holds resources of the App Mesh controller."""
    return _GROUP.search(text) is not None


def refuse_kubernetes(text: str, context: Context) -> None:
    """Notes the one problem of such a file."""
    found = _GROUP.search(text)
    if found:
        start = found.start(1)
        line = text.count("\n", 0, start) + 1
        where = Where(context.file, line, start - text.rfind("\n", 0, start))
        hint = "give the same policy as App Mesh API JSON or CloudFormation"
        context.problems.add(where, f"Kubernetes manifests ({found[1]}) are not read by this version", hint)

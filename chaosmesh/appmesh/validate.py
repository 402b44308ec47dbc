"""From a plain tree to a model; what is wrong is said in App Mesh's words, at its place."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from chaosmesh.appmesh.spec import LOOSE, MODELS, Spec
from chaosmesh.documents import Problems, Tree, places, plain
from chaosmesh.documents.explain import Places, explain, meant, nearest


def validate(tree: Tree, problems: Problems, warnings: Problems) -> tuple[Spec, Places] | None:
    """The tree's model and the place of each of its fields, or None with the problems noted.

    Unknown fields of a Kubernetes object are left out with a warning: the API server does the same.
    """
    model = MODELS[tree.kind]
    found = dict(places(tree.spec))
    data = plain(tree.spec)
    while True:
        try:
            return model.model_validate(data, context={LOOSE: tree.loose}), found
        except ValidationError as error:
            details = error.errors(include_url=False)
            unknown = [one for one in details if tree.manifest and one["type"] == "extra_forbidden"]
            into, wrong = (warnings, unknown) if unknown else (problems, meant(details))
            for detail in wrong:
                message, hint = explain(detail, model)
                into.add(nearest(found, tuple(detail["loc"])), f"{tree.title}: {message}", hint)
            if not unknown:
                return None
            _leave_out(data, unknown)


def _leave_out(data: Any, unknown: list[ErrorDetails]) -> None:
    for detail in unknown:
        *path, last = detail["loc"]
        inner = data
        for step in path:
            inner = inner[step]
        inner.pop(last, None)

"""From a plain tree to a model; what is wrong is said in App Mesh's words, at its place."""

from __future__ import annotations

from pydantic import ValidationError

from chaosmesh.appmesh.spec import LOOSE, MODELS, Spec
from chaosmesh.documents import Problems, Tree, places, plain
from chaosmesh.documents.explain import Places, explain, meant, nearest


def validate(tree: Tree, problems: Problems) -> tuple[Spec, Places] | None:
    """The tree's model and the place of each of its fields, or None with the problems noted."""
    model = MODELS[tree.kind]
    found = dict(places(tree.spec))
    try:
        return model.model_validate(plain(tree.spec), context={LOOSE: tree.loose}), found
    except ValidationError as error:
        for detail in meant(error.errors(include_url=False)):
            message, hint = explain(detail, model)
            problems.add(nearest(found, tuple(detail["loc"])), f"{tree.title}: {message}", hint)
        return None

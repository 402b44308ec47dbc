"""Names of Kubernetes objects for App Mesh resources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chaosmesh.documents.kinds import KINDS
from chaosmesh.documents.manifest import KIND_WORDS, Manifest, default_name
from chaosmesh.documents.writing import Names, Plain, slug

_KINDS = {word: kind for kind, word in KIND_WORDS.items()}


@dataclass(frozen=True, slots=True)
class Identity:
    """An object's name and namespace. `label`: the value by which a gateway picks its routes."""

    kind: str
    name: str
    namespace: str | None
    label: str

    def is_default(self, one: Plain) -> bool:
        """Whether the controller would make the resource's name by itself."""
        return default_name(_KINDS[self.kind], self.namespace, self.name) == one.name


def identities(
    mesh_name: str, resources: Sequence[Plain], origin: Mapping[tuple[str, str], Manifest]
) -> dict[tuple[str, str], Identity]:
    """An identity for every resource, for the parents of routes, and for the mesh, by kind and App Mesh name.

    What came from manifests keeps its names; the rest gets names that Kubernetes allows, in the mesh's namespace.
    """
    wanted = [("mesh", mesh_name)]
    for one in resources:
        parent = KINDS[one.kind].parent
        wanted += [(parent, one.parent)] if parent and one.parent is not None else []
        wanted += [] if one.kind in {"route", "mesh"} else [(one.kind, one.name)]
    taken = {kind: Names() for kind in KIND_WORDS.values()}
    labels = Names()
    for (kind, _), manifest in origin.items():
        if kind:
            taken[kind].taken.add(manifest.name.lower())
    found: dict[tuple[str, str], Identity] = {}
    for key in dict.fromkeys(wanted):
        kind, name = key
        source = origin.get(key)
        if source:
            own, namespace = source.name, source.namespace
        else:
            namespace = None if kind == "mesh" else slug(mesh_name)
            own = taken[kind].fresh(_short(kind, name, namespace))
        found[key] = Identity(kind, own, namespace, labels.fresh(slug(own)))
    return found


def _short(kind: str, name: str, namespace: str | None) -> str:
    """The name without what the controller would add to it."""
    tail = default_name(_KINDS[kind], namespace, "") if namespace else ""
    return slug(name.removesuffix(tail)) if tail else slug(name)

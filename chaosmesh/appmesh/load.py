"""Documents to resources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from chaosmesh.appmesh.resources import Resource, Resources, put
from chaosmesh.appmesh.validate import validate
from chaosmesh.documents import Problems, Source, Tree, Unresolved, did_you_mean, read
from chaosmesh.errors import DocumentError, Where

DEFAULT_MESH = "mesh"  # where no document and no caller names the mesh


def load(
    paths: Sequence[str | Path | Source],
    *,
    variables: Mapping[str, str] = {},
    mesh_name: str | None = None,
    names: Mapping[str, str] = {},
) -> Resources:
    """The resources of one mesh from files, folders and globs.

    A later path replaces resources of the same name from earlier ones. `variables` bind template variables and
    CloudFormation parameters, `mesh_name` names documents that name no mesh, `names` maps a file to
    "[PARENT/]NAME". Raises DocumentError with every problem of every document.
    """
    return load_onto(None, paths, variables=variables, mesh_name=mesh_name, names=names)


def load_onto(
    base: Resources | None,
    paths: Sequence[str | Path | Source],
    *,
    variables: Mapping[str, str],
    mesh_name: str | None,
    names: Mapping[str, str],
) -> Resources:
    """Like `load`, on top of resources that are there already."""
    given = mesh_name or (base.mesh_name if base else None)
    reading = read(
        paths,
        variables=variables,
        mesh_name=given,
        names=names,
        routers=_parents(base),
        cluster=base.cluster if base else None,
        workloads=base.workloads if base else None,
    )
    problems, warnings = reading.problems, reading.warnings
    trees = [tree for batch in reading.batches for tree in batch]
    own = _mesh_name(trees, given, problems)
    resources = [one for one in (_resource(tree, problems, warnings) for tree in trees) if one]
    if not trees and not problems:
        file = str(paths[0].path if isinstance(paths[0], Source) else paths[0]) if paths else "."
        problems.add(
            Where(file), "there are no App Mesh resources", "give files, folders or globs that hold some"
        )
    if problems:
        raise DocumentError(problems)
    merged = put(base or Resources(own), own, resources)
    return replace(
        merged,
        cluster=reading.cluster,
        workloads=reading.workloads,
        warnings=tuple(sorted(warnings, key=lambda one: one.where)),
    )


def _parents(base: Resources | None) -> Mapping[str, Sequence[str]]:
    if base is None:
        return {}
    return {"virtualRouter": list(base.virtual_routers), "virtualGateway": list(base.virtual_gateways)}


def _resource(tree: Tree, problems: Problems, warnings: Problems) -> Resource | None:
    checked = validate(tree, problems, warnings)
    if checked is None:
        return None
    spec, places = checked
    return Resource(tree.kind, tree.name, tree.parent, spec, tree.where, places)


def _mesh_name(trees: Sequence[Tree], given: str | None, problems: Problems) -> str:
    first: Tree | None = None
    for tree in trees:
        own = tree.mesh or (tree.name if tree.kind == "mesh" else None)
        if own is None or isinstance(own, Unresolved):
            continue
        first = first or tree
        expected = given or (first.mesh or first.name)
        if own != expected:
            origin = "by name from outside" if given else f"at {first.where}"
            hint = (
                did_you_mean(own, [expected])
                if not given
                else "give the documents of one mesh, or leave --mesh-name out"
            )
            problems.add(
                tree.where,
                f"{tree.title} belongs to the mesh {own}, the others to {expected} ({origin})",
                hint,
            )
    if first is not None:
        return first.mesh or first.name
    return given or DEFAULT_MESH

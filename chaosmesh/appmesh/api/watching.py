"""Documents that change while the API is in use."""

from __future__ import annotations

from dataclasses import replace

from chaosmesh.appmesh.api import rules
from chaosmesh.appmesh.api.changes import Setting
from chaosmesh.appmesh.api.records import Id, Record, State, mesh_id
from chaosmesh.appmesh.resources import Resource, Resources
from chaosmesh.appmesh.spec import MeshSpec
from chaosmesh.errors import UsageError, Where


def held(resources: Resources) -> dict[Id, Resource]:
    """The resources of documents by id, as the store keeps them; a mesh that they leave out is there too."""
    mesh = resources.mesh_name
    own = resources.mesh or Resource("mesh", mesh, None, MeshSpec(), Where("mesh"))
    found = {mesh_id(mesh): own}
    for one in resources:
        if one.kind != "mesh":
            found[Id(mesh, one.kind, one.parent, one.name)] = one
    return {id_: replace(one, spec=rules.filled(one.kind, one.spec)) for id_, one in found.items()}


def saved(state: State, resources: Resources, setting: Setting) -> State:
    """The state after documents were saved again: what they hold is as they have it, what left them is gone.

    What calls created or updated since stays, unless the documents hold it too. A resource whose spec is the
    same keeps its version. Raises UsageError if the documents now mean another mesh than the one that runs.
    """
    runs = next(state.meshes(), resources.mesh_name)
    if resources.mesh_name != runs:
        raise UsageError(
            f"the documents are of the mesh {resources.mesh_name} now, {runs} is running",
            hint="end `chaosmesh up` and start it again",
        )
    now = held(resources)
    kept = {
        one: _next(record, now[one], setting) if one in now else record
        for one, record in state.records.items()
        if one in now or one.mesh != runs or record.resource.where.file == one.arn(setting.account)
    }
    new = {one: fresh(resource, setting) for one, resource in now.items() if one not in kept}
    tokens = {key: one for key, one in state.tokens.items() if one.id in kept}
    return State({**kept, **new}, tokens)


def fresh(resource: Resource, setting: Setting) -> Record:
    """A resource in its first version."""
    return Record(resource, setting.uid(), setting.now, setting.now)


def _next(record: Record, resource: Resource, setting: Setting) -> Record:
    if resource.spec == record.resource.spec:
        return replace(record, resource=resource)
    return replace(record, resource=resource, updated=setting.now, version=record.version + 1)

"""What the store holds, immutable: resources with the metadata that the service adds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from chaosmesh.appmesh.resources import Resource, Resources, put
from chaosmesh.documents import KINDS


@dataclass(frozen=True, slots=True)
class Account:
    """Whose resources they are, and in which region they seem to be."""

    id: str = "123456789012"
    region: str = "us-east-1"


@dataclass(frozen=True, slots=True)
class Quotas:
    """The service's default quotas."""

    meshes: int = 15
    services: int = 200
    nodes: int = 200
    routers: int = 200
    gateways: int = 3
    routes: int = 50
    gateway_routes: int = 10
    backends: int = 50


@dataclass(frozen=True, slots=True)
class Id:
    """What no two resources of the account share. A mesh's `name` is its `mesh`."""

    mesh: str
    kind: str
    parent: str | None
    name: str

    def arn(self, account: Account) -> str:
        """The Amazon resource name."""
        steps = ["mesh", self.mesh]
        if self.parent is not None:
            steps += [KINDS[self.kind].parent or "", self.parent]
        if self.kind != "mesh":
            steps += [self.kind, self.name]
        return f"arn:aws:appmesh:{account.region}:{account.id}:{'/'.join(steps)}"

    @property
    def title(self) -> str:
        """The resource as an error names it."""
        if self.kind == "mesh":
            return f"mesh {self.name}"
        inside = f" of the {KINDS[self.kind].parent} {self.parent}" if self.parent is not None else ""
        return f"{self.kind} {self.name}{inside} in mesh {self.mesh}"

    @property
    def owner(self) -> Id:
        """The resource this one lives in: its router or gateway, else its mesh."""
        if self.parent is None:
            return mesh_id(self.mesh)
        return Id(self.mesh, KINDS[self.kind].parent or "", None, self.parent)


def mesh_id(mesh: str) -> Id:
    """The id of a mesh."""
    return Id(mesh, "mesh", None, mesh)


@dataclass(frozen=True, slots=True)
class Record:
    """A resource and its metadata. Times in epoch seconds."""

    resource: Resource
    uid: str
    created: float
    updated: float
    version: int = 1
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answered:
    """What a client token was used for, and what was answered."""

    id: Id
    fingerprint: str
    answer: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class State:
    """Everything, at one moment. Records are in the order in which they were created."""

    records: Mapping[Id, Record] = field(default_factory=dict)
    tokens: Mapping[tuple[str, str], Answered] = field(default_factory=dict)

    def inside(self, owner: Id, kind: str) -> list[Id]:
        """The resources of one kind that live in a mesh, router or gateway, by name."""
        found = (one for one in self.records if one.kind == kind and one.owner == owner and one != owner)
        return sorted(found, key=lambda one: one.name)

    def meshes(self) -> Iterator[str]:
        """Names of the meshes, the oldest first."""
        return (one.name for one in self.records if one.kind == "mesh")

    def resources(self, mesh: str) -> Resources:
        """The resources of one mesh; none if there is no such mesh."""
        own = [record.resource for one, record in self.records.items() if one.mesh == mesh]
        return put(Resources(mesh), mesh, own)

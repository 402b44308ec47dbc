"""The seven kinds of App Mesh resources and how documents name them."""

from __future__ import annotations

from dataclasses import dataclass

from chaosmesh.documents.manifest import Manifest
from chaosmesh.documents.tree import Node
from chaosmesh.errors import Where


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: its word in ids, the key that holds its name, and the kind it lives in (besides the mesh)."""

    word: str
    parent: str | None = None

    @property
    def name_key(self) -> str:
        """Key of the resource's name in API JSON."""
        return f"{self.word}Name"

    @property
    def parent_key(self) -> str | None:
        """Key of the parent's name in API JSON."""
        return f"{self.parent}Name" if self.parent else None

    @property
    def cloudformation(self) -> str:
        """Type of the resource in CloudFormation."""
        return f"AWS::AppMesh::{self.word[0].upper()}{self.word[1:]}"


KINDS = {
    kind.word: kind
    for kind in (
        Kind("mesh"),
        Kind("virtualService"),
        Kind("virtualNode"),
        Kind("virtualRouter"),
        Kind("route", "virtualRouter"),
        Kind("virtualGateway"),
        Kind("gatewayRoute", "virtualGateway"),
    )
}
BY_TYPE = {kind.cloudformation: kind for kind in KINDS.values()}


@dataclass(frozen=True, slots=True)
class Tree:
    """One named resource as a plain tree. `loose`: its format writes numbers as text without meaning it.

    `manifest`: the Kubernetes object it stands in; its unknown fields are dropped with a warning, as a cluster does.
    """

    kind: str
    name: str
    parent: str | None
    mesh: str | None
    spec: Node
    where: Where
    loose: bool = False
    manifest: Manifest | None = None

    @property
    def key(self) -> tuple[str, str | None, str]:
        """What no two resources of one mesh share."""
        return self.kind, self.parent, self.name

    @property
    def title(self) -> str:
        """The resource as its owner would call it."""
        return f"{self.kind} {self.parent}/{self.name}" if self.parent else f"{self.kind} {self.name}"

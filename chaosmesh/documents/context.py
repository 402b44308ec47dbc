"""What every format reader is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from chaosmesh.documents.deployments import Workloads
from chaosmesh.documents.manifest import Cluster
from chaosmesh.documents.tree import Problems
from chaosmesh.documents.variables import Unbound


@dataclass(frozen=True, slots=True)
class Context:
    """Values from outside for one file, and where problems go. `name` and `parent` are the user's own words."""

    file: str
    variables: Mapping[str, str]
    mesh_name: str | None
    name: str | None = None
    parent: str | None = None
    problems: Problems = field(default_factory=Problems)
    warnings: Problems = field(default_factory=Problems)
    unbound: Unbound = field(default_factory=Unbound)
    cluster: Cluster = field(default_factory=Cluster)
    workloads: Workloads = field(default_factory=Workloads)

"""Text ⇄ plain trees of named resources, each value with its file:line:column.

API JSON, CloudFormation and Kubernetes manifests are told apart by what they hold; variables and intrinsics are
resolved here.
No models and no rules of App Mesh live in this room.
"""

from chaosmesh.documents.deployments import Workloads
from chaosmesh.documents.kinds import KINDS, Kind, Tree
from chaosmesh.documents.manifest import Cluster
from chaosmesh.documents.parsing import parse
from chaosmesh.documents.reading import Reading, read
from chaosmesh.documents.show import show
from chaosmesh.documents.source import Source
from chaosmesh.documents.tree import Bound, Node, Problems, Unresolved, did_you_mean, places, plain

__all__ = [
    "KINDS",
    "Bound",
    "Cluster",
    "Kind",
    "Node",
    "Problems",
    "Reading",
    "Source",
    "Tree",
    "Unresolved",
    "Workloads",
    "did_you_mean",
    "parse",
    "places",
    "plain",
    "read",
    "show",
]

"""What documents say runs behind virtual nodes, of all files together: ECS tasks, pods, ConfigMaps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from chaosmesh.documents.containers import Group
from chaosmesh.documents.manifest import Cluster
from chaosmesh.documents.pods import Pod, group_of, pod_of
from chaosmesh.documents.tree import Node, Unresolved
from chaosmesh.documents.variables import Unbound


@dataclass(slots=True)
class Workloads:
    """Tasks by their logical id or family, pods by kind, namespace and name, the data of ConfigMaps by namespace and
    name. A later document replaces what an earlier one said of the same."""

    tasks: dict[str, Group] = field(default_factory=dict)
    pods: dict[tuple[str, str, str], Pod] = field(default_factory=dict)
    configs: dict[tuple[str, str], Node] = field(default_factory=dict)

    def add(self, root: Node, missing: Unbound) -> None:
        """Takes in a Kubernetes object, if it is one that runs something or is read by what runs. `missing`: the
        variables without a value in it."""
        pod = pod_of(root, missing.by_line())
        if pod is not None:
            self.pods[pod.key] = pod
        name, data = root.text("metadata", "name"), root.at("data")
        if root.text("kind") == "ConfigMap" and name is not None and data is not None:
            self.configs[root.text("metadata", "namespace") or "default", name] = data

    def copy(self) -> Workloads:
        """Workloads that can grow without changing these."""
        return Workloads(dict(self.tasks), dict(self.pods), dict(self.configs))

    def groups(self, cluster: Cluster) -> Iterator[tuple[str, Group]]:
        """What runs behind each virtual node, by the node's name in App Mesh, in the order of the documents. A node
        may come more than once."""
        for task in self.tasks.values():
            if task.node:
                yield task.node, task
        for node in cluster.of("VirtualNode"):
            if isinstance(node.aws_name, Unresolved):
                continue
            for pod in self.pods.values():
                if pod.selected(node):
                    yield node.aws_name, group_of(pod, self.configs)

    def homeless(self) -> Iterator[Group]:
        """Tasks of a mesh of which nobody can tell whose they are."""
        return (one for one in self.tasks.values() if not one.node and one.notes)

"""From paths to named resources: each file is read by what it holds, and all problems are kept for the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

from chaosmesh.documents.api_json import is_api_json, read_api_json
from chaosmesh.documents.cloudformation import is_cloudformation, read_cloudformation
from chaosmesh.documents.context import Context
from chaosmesh.documents.deployments import Workloads
from chaosmesh.documents.ecs import is_task_definition, read_task_definition
from chaosmesh.documents.kinds import KINDS, Tree
from chaosmesh.documents.kubernetes import is_kubernetes, read_kubernetes
from chaosmesh.documents.kubernetes_link import link
from chaosmesh.documents.manifest import Cluster
from chaosmesh.documents.parsing import parse
from chaosmesh.documents.source import SCENARIO_NAME, Source, files, read_text
from chaosmesh.documents.tree import Node, Problems, Unresolved
from chaosmesh.documents.variables import Unbound
from chaosmesh.errors import DocumentError, Where


@dataclass(frozen=True, slots=True)
class Reading:
    """The resources of every path, in the order of the paths, and everything that is wrong with them.

    `warnings`: what is passed over or assumed. `cluster`: the Kubernetes objects behind the resources. `workloads`:
    what runs behind virtual nodes.
    """

    batches: tuple[tuple[Tree, ...], ...]
    problems: Problems
    warnings: Problems = field(default_factory=Problems)
    cluster: Cluster = field(default_factory=Cluster)
    workloads: Workloads = field(default_factory=Workloads)


def read(
    paths: Sequence[str | Path | Source],
    *,
    variables: Mapping[str, str],
    mesh_name: str | None,
    names: Mapping[str, str],
    routers: Mapping[str, Sequence[str]] = {},
    cluster: Cluster | None = None,
    workloads: Workloads | None = None,
) -> Reading:
    """Reads every path. `names`: file → "[PARENT/]NAME" for documents that carry no name.

    `routers`: names of routers and gateways (by kind) that are known already; `cluster`, `workloads`: known
    Kubernetes objects, and what is known to run.
    """
    problems, warnings = Problems(), Problems()
    known = cluster.copy() if cluster else Cluster()
    running = workloads.copy() if workloads else Workloads()
    reader = _Reader(variables, mesh_name, _Names(names), problems, warnings, Unbound(), known, running)
    sources = [path if isinstance(path, Source) else Source(path) for path in paths]
    batches = link([tuple(reader.source(one)) for one in sources], known, problems, warnings)
    for trees in batches:
        _refuse_twice(trees, problems)
    reader.names.unused(problems)
    problems.extend(reader.unbound.problems())
    return Reading(_adopt(batches, routers, problems), problems, warnings, known, running)


class _Names:
    """The user's own names for files; a file is meant by its path or by the end of it."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names
        self.used: set[str] = set()

    def of(self, file: str) -> tuple[str | None, str | None]:
        path = PurePath(file).parts
        for given, name in self.names.items():
            end = PurePath(given).parts
            if path[-len(end) :] == end:
                self.used.add(given)
                parent, _, own = name.rpartition("/")
                return parent or None, own
        return None, None

    def unused(self, problems: Problems) -> None:
        for given in self.names.keys() - self.used:
            problems.add(
                Where(given),
                "a name is given for a file that is not among the documents",
                "look at the file's path",
            )


@dataclass(slots=True)
class _Reader:
    variables: Mapping[str, str]
    mesh_name: str | None
    names: _Names
    problems: Problems
    warnings: Problems
    unbound: Unbound
    cluster: Cluster
    workloads: Workloads

    def source(self, source: Source) -> Iterator[Tree]:
        try:
            for file, searched in files(source.path):
                yield from self.file(file, searched, source)
        except DocumentError as error:
            self.problems.extend(error.problems)

    def file(self, path: Path, searched: bool, source: Source) -> Iterator[Tree]:
        if searched and path.name == SCENARIO_NAME:
            return
        parent, name = self.names.of(str(path))
        context = Context(
            file=str(path),
            variables={**self.variables, **source.variables},
            mesh_name=self.mesh_name,
            name=source.name or name,
            parent=source.parent or parent,
            problems=self.problems,
            warnings=self.warnings,
            unbound=self.unbound,
            cluster=self.cluster,
            workloads=self.workloads,
        )
        try:
            text = read_text(path)
            if is_kubernetes(text):
                yield from read_kubernetes(text, context)
                return
            for root in parse(text, str(path)):
                yield from self.root(root, context, searched)
        except DocumentError as error:
            self.problems.extend(error.problems)

    def root(self, root: Node, context: Context, searched: bool) -> Iterator[Tree]:
        if is_cloudformation(root):
            yield from read_cloudformation(root, context)
        elif is_task_definition(root):
            read_task_definition(root, context)
        elif is_api_json(root):
            yield from read_api_json(root, context)
        elif not searched:
            hint = "expected App Mesh API JSON (spec), a CloudFormation template (Resources), a Kubernetes manifest or an ECS task definition"
            self.problems.add(root.where, "this is no App Mesh document", hint)


def _refuse_twice(trees: Sequence[Tree], problems: Problems) -> None:
    seen: dict[object, Tree] = {}
    for tree in trees:
        if isinstance(tree.name, Unresolved) or isinstance(tree.parent, Unresolved):
            continue
        first = seen.setdefault(tree.key, tree)
        if first is not tree:
            hint = "give the variants of one resource file by file: a later path replaces an earlier one"
            problems.add(tree.where, f"{tree.title} is there twice, first at {first.where}", hint)


def _adopt(
    batches: Sequence[Sequence[Tree]], routers: Mapping[str, Sequence[str]], problems: Problems
) -> tuple[tuple[Tree, ...], ...]:
    """Gives a route without a parent to the only router (or gateway) that there is."""
    every = [tree for batch in batches for tree in batch]

    def parent(tree: Tree) -> Tree:
        kind = KINDS[tree.kind].parent
        if kind is None or tree.parent is not None:
            return tree
        candidates = sorted({*routers.get(kind, ()), *(one.name for one in every if one.kind == kind)})
        if len(candidates) == 1:
            return replace(tree, parent=candidates[0])
        owner = candidates[0] if candidates else kind
        hint = f"name it with --name {PurePath(tree.where.file).name}={owner}/{tree.name}"
        seen = f"; there are {', '.join(candidates)}" if candidates else ""
        problems.add(
            tree.where, f"{tree.kind} {tree.name} does not say which {kind} it belongs to{seen}", hint
        )
        return tree

    return tuple(tuple(parent(tree) for tree in batch) for batch in batches)

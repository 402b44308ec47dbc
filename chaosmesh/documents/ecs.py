"""ECS task definitions, from CloudFormation and from the ECS API's own JSON: what runs beside which Envoy.

Which virtual node a task belongs to is told by its Envoy's environment (`APPMESH_RESOURCE_ARN`, or the older
`APPMESH_VIRTUAL_NODE_NAME`): `mesh/MESH/virtualNode/NODE` or the whole ARN
(https://docs.aws.amazon.com/app-mesh/latest/userguide/envoy-config.html).
Values that nobody bound are no problem here: only who runs the image needs them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from chaosmesh.documents.containers import ENVOY, Container, Group, left_out, sidecar
from chaosmesh.documents.context import Context
from chaosmesh.documents.ecs_container import Soft, container, word
from chaosmesh.documents.intrinsics import Resolver
from chaosmesh.documents.tree import Node, Problems, Unresolved
from chaosmesh.documents.variables import Unbound, bind, has_no_value
from chaosmesh.errors import Problem

_TASK, _SERVICE = "AWS::ECS::TaskDefinition", "AWS::ECS::Service"
_RESOURCE = re.compile(r"(?:^|[:/])mesh/[^/]+/(virtualNode|virtualGateway)/(.+)$", re.DOTALL)
_NAMING = ("APPMESH_RESOURCE_ARN", "APPMESH_VIRTUAL_NODE_NAME", "APPMESH_RESOURCE_NAME")


def is_task_definition(root: Node) -> bool:
    """Whether this is the JSON of `aws ecs register-task-definition`, or what `describe-task-definition` answers."""
    inner = root.at("taskDefinition") or root
    return bool(inner.at("containerDefinitions")) and inner.at("spec") is None


def read_task_definition(root: Node, context: Context) -> None:
    """Adds the task of one JSON file to what the documents say of workloads."""
    task = root.at("taskDefinition") or root
    unbound = Unbound()

    def resolve(node: Node) -> tuple[Node, str]:
        unbound.places.clear()
        found = bind(node, context.variables, unbound)
        return found, has_no_value(list(unbound.places))

    family = task.text("family") or "task"
    context.workloads.tasks[family] = _group(task, f"task definition {family}", None, resolve)


def read_tasks(root: Node, context: Context) -> None:
    """Adds the tasks of a CloudFormation template, with as many copies as its services want."""
    soft = replace(context, problems=Problems(), warnings=Problems(), unbound=Unbound())
    resolver = Resolver(root, soft)

    def resolve(node: Node) -> tuple[Node, str]:
        soft.unbound.places.clear()
        soft.problems.clear()
        found = resolver.resolve(node)
        return found, has_no_value(list(soft.unbound.places)) or (
            soft.problems[0].message if soft.problems else ""
        )

    wanted = dict(_wanted(resolver, resolve))
    for logical, node in resolver.resources.items():
        if node.text("Type") != _TASK:
            continue
        condition = node.at("Condition")
        if condition is None or resolver.condition(condition):
            body = node.at("Properties") or Node({}, node.where)
            title = f"task definition {logical}"
            context.workloads.tasks[logical] = _group(body, title, wanted.get(logical), resolve)


def _wanted(resolver: Resolver, resolve: Soft) -> Iterator[tuple[str, int]]:
    """How many copies of a task its service wants, by the task's logical id."""
    for node in resolver.resources.values():
        task = node.at("Properties", "TaskDefinition")
        count = node.at("Properties", "DesiredCount")
        if node.text("Type") != _SERVICE or task is None or count is None:
            continue
        logical = task.value if task.tag == "!Ref" else task.text("Ref")
        number = word(resolve(count)[0])
        if isinstance(logical, str) and number.isdigit() and int(number):
            yield logical, int(number)


def member(node: Node | None, name: str) -> Node | None:
    """A member by its name in the API; CloudFormation writes it with a capital."""
    return None if node is None else node.at(name) or node.at(name[:1].upper() + name[1:])


def _group(task: Node, title: str, copies: int | None, resolve: Soft) -> Group:
    written = member(task, "proxyConfiguration")
    proxy = resolve(written)[0] if written else None
    given = _proxy_properties(proxy)
    name = member(proxy, "containerName")
    envoy = word(name) if name else ""
    found: list[Container] = []
    notes: list[Problem] = []
    node, gateway, unnamed = "", False, ""
    for one in _definitions(task, resolve):
        made = container(one, task, resolve)
        named = _named(made)
        if made.name == envoy or named is not None:
            value, reason = named or ("", "its environment names no virtual node")
            match = _RESOURCE.search(value)
            node = match[2] if match and match[1] == "virtualNode" else "" if match else value
            gateway = bool(match and match[1] == "virtualGateway")
            unnamed = reason if not value else ""
            continue
        words = "a log router" if member(one, "firelensConfiguration") else sidecar(made.image, made.name)
        if words:
            notes += [left_out(one.place, title, made.name, words)] if words != ENVOY else []
            continue
        found.append(made)
    hint = "write APPMESH_RESOURCE_ARN: mesh/MESH/virtualNode/NODE, or the workload in the scenario file"
    lost = f"{title}: whose task this is can't be told: {unnamed}"
    stray = [Problem(task.place, lost, hint)] if unnamed and not node and not gateway else []
    return Group(
        origin="ecs",
        title=title,
        where=task.place,
        containers=tuple(found),
        node="" if gateway else node,
        copies=copies,
        proxy=given,
        notes=tuple(notes) if node and not gateway else (*stray,),
    )


def _named(made: Container) -> tuple[str, str] | None:
    """What an Envoy's environment says of its node: (value, ""), ("", why it can't be had), None: no Envoy."""
    for name in _NAMING:
        if name in made.env:
            return made.env[name], ""
        gap = next((one for one in made.gaps if one.what == f"env.{name}"), None)
        if gap:
            return "", gap.reason
    return None


def _definitions(task: Node, resolve: Soft) -> Iterator[Node]:
    """The container definitions; only what an intrinsic chooses is resolved as a whole."""
    listed = member(task, "containerDefinitions") or Node((), task.where)
    for one in listed.items or resolve(listed)[0].items:
        chosen = resolve(one)[0] if one.tag or set(one.fields) & {"Fn::If", "Ref"} else one
        if isinstance(chosen.value, Mapping):
            yield chosen


def _proxy_properties(proxy: Node | None) -> dict[str, str]:
    """`ProxyConfigurationProperties` (in the API `properties`) as names and values."""
    listed = member(proxy, "proxyConfigurationProperties") or member(proxy, "properties")
    found: dict[str, str] = {}
    for one in listed.items if listed else ():
        name, value = member(one, "name"), member(one, "value")
        if name and value and not isinstance(value.value, Unresolved):
            found[word(name)] = word(value)
    return found

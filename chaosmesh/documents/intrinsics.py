"""Evaluates CloudFormation intrinsics, in their `!Short` and `Fn::Long` forms, as far as App Mesh resources need them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from chaosmesh.documents.context import Context
from chaosmesh.documents.intrinsics_text import (
    equals,
    find_in_map,
    is_true,
    join,
    logic,
    select,
    split,
    sub,
    text_of,
)
from chaosmesh.documents.kinds import BY_TYPE, Kind
from chaosmesh.documents.tree import UNRESOLVED, Bound, Node, Unresolved, did_you_mean

NO_VALUE = "!AWS::NoValue"
_EMPTY: Mapping[str, Node] = {}


class Resolver:
    """Resolves the nodes of one template on demand: what nothing points to is never looked at."""

    def __init__(self, root: Node, context: Context) -> None:
        self.context = context
        self.parameters = _section(root, "Parameters")
        self.mappings = _section(root, "Mappings")
        self.conditions = _section(root, "Conditions")
        self.resources = _section(root, "Resources")
        self.path: list[str] = []
        self.functions: dict[str, Callable[[Node, Node], Node]] = {
            "Ref": self.ref,
            "GetAtt": self.get_att,
            "Sub": partial(sub, self),
            "Join": partial(join, self),
            "If": self.choose,
            "FindInMap": partial(find_in_map, self),
            "ImportValue": self.import_value,
            "Select": partial(select, self),
            "Split": partial(split, self),
            "Equals": partial(equals, self),
            "And": lambda call, arg: logic(self, call, arg, all),
            "Or": lambda call, arg: logic(self, call, arg, any),
            "Not": lambda call, arg: logic(self, call, arg, lambda found: not any(found)),
            "Condition": lambda call, arg: replace(call, value=self.condition(arg)),
        }

    def resolve(self, node: Node) -> Node:
        """The node with every intrinsic evaluated; its place stays where it was written."""
        call = _call(node)
        if call:
            name, argument = call
            function = self.functions.get(name)
            if not function:
                return self.wrong(
                    node, f"the intrinsic {name} is not supported", did_you_mean(name, self.functions)
                )
            result = function(replace(node, tag=""), argument)
            return replace(result, where=node.where, key=node.key)
        if isinstance(node.value, Mapping):
            members = {name: self.resolve(one) for name, one in node.value.items()}
            return replace(node, value={name: one for name, one in members.items() if one.tag != NO_VALUE})
        if isinstance(node.value, tuple):
            elements = (self.resolve(one) for one in node.value)
            return replace(node, value=tuple(one for one in elements if one.tag != NO_VALUE))
        return node

    def wrong(self, node: Node, message: str, hint: str = "") -> Node:
        """Notes a problem and goes on with a placeholder."""
        self.context.problems.add(
            node.place, message, hint or "add it to the template, or write the value out"
        )
        return replace(node, value=UNRESOLVED, tag="")

    def word(self, node: Node) -> str:
        """The text of a single value; where a list or a mapping stands, a problem and a placeholder."""
        if isinstance(node.value, Mapping | tuple):
            seen = "a list" if isinstance(node.value, tuple) else "a mapping"
            self.wrong(
                node,
                f"{seen} stands where one value is needed",
                "write a text, or take one element by Select",
            )
            return UNRESOLVED
        return node.value if isinstance(node.value, Unresolved) else text_of(node)

    def outside(self, node: Node, name: str) -> Node:
        """A value that only the caller can know."""
        if name in self.context.variables:
            return replace(node, value=Bound(self.context.variables[name]), tag="")
        self.context.unbound.add(name, node.place)
        return replace(node, value=UNRESOLVED, tag="")

    @contextmanager
    def entered(self, name: str) -> Iterator[bool]:
        """Yields False if `name` is being resolved already: a cycle."""
        fresh = name not in self.path
        self.path.append(name)
        try:
            yield fresh
        finally:
            self.path.pop()

    def cycle(self, node: Node, name: str) -> Node:
        """Notes a cycle of references that comes back to `name`."""
        chain = " → ".join([*self.path[self.path.index(name) : -1], name])
        return self.wrong(node, f"a cycle of references: {chain}", "write one of these names out")

    # references

    def ref(self, call: Node, argument: Node) -> Node:
        """`Ref`: a parameter, a pseudo parameter, or a resource."""
        name = self.word(argument)
        if isinstance(name, Unresolved):
            return replace(call, value=UNRESOLVED)
        if name == "AWS::NoValue":
            return replace(call, value=None, tag=NO_VALUE)
        if name in self.parameters:
            return self.parameter(call, name)
        pseudo = _PSEUDO.get(name)
        if pseudo is not None:
            own = self.context.variables.get(name)
            return replace(call, value=own or pseudo or re.sub(r"\W", "-", Path(self.context.file).stem))
        if name in self.resources:
            return self.arn(call, name) if self.kind(name) else self.outside(call, name)
        known = [*self.parameters, *self.resources]
        return self.wrong(
            call, f"{name} is neither a parameter nor a resource of this template", did_you_mean(name, known)
        )

    def parameter(self, call: Node, name: str) -> Node:
        """A parameter's value from outside, or its default."""
        declared = self.parameters[name]
        kind = declared.text("Type") or "String"
        value: str | None = self.context.variables.get(name)
        default = declared.at("Default")
        if value is None and default is not None and not kind.startswith("AWS::SSM"):
            value = text_of(default)
        if value is None:
            return self.outside(call, name)
        allowed = declared.at("AllowedValues")
        if allowed and value not in [text_of(one) for one in allowed.items]:
            names = ", ".join(text_of(one) for one in allowed.items)
            return self.wrong(call, f"the parameter {name} may not be {value}", f"allowed: {names}")
        if kind == "CommaDelimitedList" or kind.startswith("List<"):
            return replace(
                call, value=tuple(Node(Bound(one.strip()), call.where) for one in value.split(","))
            )
        return replace(call, value=Bound(value))

    def kind(self, logical: str) -> Kind | None:
        """The App Mesh kind of a resource, or None for any other."""
        return BY_TYPE.get(self.resources[logical].text("Type") or "")

    def arn(self, call: Node, logical: str) -> Node:
        """`Ref` of an App Mesh resource gives its ARN."""
        kind = self.kind(logical)
        names = [self.name(call, logical, one) for one in _name_properties(kind)] if kind else []
        if any(isinstance(one.value, Unresolved) for one in names):
            return replace(call, value=UNRESOLVED)
        words = (
            ["mesh", *(one[:-4][0].lower() + one[1:-4] for one in _name_properties(kind)[1:])] if kind else []
        )
        account = self.context.variables.get("AWS::AccountId", _PSEUDO["AWS::AccountId"])
        region = self.context.variables.get("AWS::Region", _PSEUDO["AWS::Region"])
        path = "/".join(f"{word}/{one.value}" for word, one in zip(words, names, strict=True))
        return replace(call, value=f"arn:aws:appmesh:{region}:{account}:{path}")

    def name(self, call: Node, logical: str, field: str) -> Node:
        """The resolved name property of an App Mesh resource; its logical id where none is written."""
        step = f"{logical}.{field}"
        with self.entered(step) as fresh:
            if not fresh:
                return self.cycle(call, step)
            written = self.resources[logical].at("Properties", field)
            return self.resolve(written) if written else replace(call, value=logical)

    def get_att(self, call: Node, argument: Node) -> Node:
        """`GetAtt`: a name of an App Mesh or Cloud Map resource; anything else has to be bound from outside."""
        parts = [self.word(one) for one in argument.items] or self.word(argument).split(".", 1)
        if any(isinstance(one, Unresolved) for one in parts) or parts == [UNRESOLVED]:
            return replace(call, value=UNRESOLVED)
        logical, attribute = parts[0], ".".join(parts[1:])
        if logical not in self.resources:
            return self.wrong(
                call, f"{logical} is no resource of this template", did_you_mean(logical, self.resources)
            )
        kind = self.kind(logical)
        if kind and attribute in _name_properties(kind):
            return replace(self.name(call, logical, attribute), tag="")
        if kind and attribute == "Arn":
            return self.arn(call, logical)
        cloud_map = (self.resources[logical].text("Type") or "").startswith("AWS::ServiceDiscovery::")
        if cloud_map and attribute == "Name" and self.resources[logical].at("Properties", "Name"):
            return replace(self.name(call, logical, "Name"), tag="")
        if kind and attribute not in {"Id", "Uid", "MeshOwner", "ResourceOwner"}:
            hint = did_you_mean(attribute, [*_name_properties(kind), "Arn"])
            return self.wrong(call, f"{logical} has no attribute {attribute}", hint)
        return self.outside(call, f"{logical}.{attribute}")

    def import_value(self, call: Node, argument: Node) -> Node:
        """`ImportValue`: bound from outside under the export's name."""
        name = self.word(self.resolve(argument))
        return replace(call, value=name) if isinstance(name, Unresolved) else self.outside(call, name)

    # conditions

    def choose(self, call: Node, argument: Node) -> Node:
        """`If`: only the chosen side is looked at."""
        if len(argument.items) != 3:
            return self.wrong(
                call, "If takes a condition and two values", "write !If [condition, then, else]"
            )
        holds = self.condition(argument.items[0])
        return self.resolve(argument.items[1 if holds else 2])

    def condition(self, node: Node) -> bool:
        """Whether a condition of the template holds. `node` names it."""
        name = self.word(node)
        if isinstance(name, Unresolved):
            return True
        if name not in self.conditions:
            self.wrong(node, f"the template has no condition {name}", did_you_mean(name, self.conditions))
            return True
        with self.entered(f"condition {name}") as fresh:
            if not fresh:
                self.cycle(node, f"condition {name}")
                return True
            return is_true(self.resolve(self.conditions[name]))


_PSEUDO = {  # an empty text stands for the file's own name
    "AWS::Region": "us-east-1",
    "AWS::AccountId": "000000000000",
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "",
    "AWS::StackId": "",
}


def _section(root: Node, name: str) -> Mapping[str, Node]:
    node = root.at(name)
    return node.fields if node else _EMPTY


def _call(node: Node) -> tuple[str, Node] | None:
    if node.tag.startswith("!") and node.tag != NO_VALUE:
        return node.tag[1:], replace(node, tag="")
    if len(node.fields) == 1:
        name, argument = next(iter(node.fields.items()))
        if name in {"Ref", "Condition"} or name.startswith("Fn::"):
            return name.removeprefix("Fn::"), argument
    return None


def _name_properties(kind: Kind | None) -> list[str]:
    if kind is None:
        return []
    keys = ["meshName", *([kind.parent_key] if kind.parent_key else []), kind.name_key]
    return [one[0].upper() + one[1:] for one in dict.fromkeys(keys)]

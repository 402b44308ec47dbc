"""CloudFormation's functions of texts, lists, maps and truth values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from chaosmesh.documents.tree import UNRESOLVED, Bound, Node, Unresolved, did_you_mean

if TYPE_CHECKING:
    from chaosmesh.documents.intrinsics import Resolver

_HOLE = re.compile(r"\$\{(!?)([^}]*)\}")
_EMPTY: Mapping[str, Node] = {}


def sub(resolver: Resolver, call: Node, argument: Node) -> Node:
    """`Sub`: `${Name}`, `${Resource.Attribute}`, `${!literal}`, and names of its own."""
    pattern, own = (argument, _EMPTY) if not argument.items else (argument.items[0], _own(argument))
    broken = False

    def fill(match: re.Match[str]) -> str:
        nonlocal broken
        literal, name = match[1], match[2].strip()
        if literal:
            return "${" + name + "}"
        target = Node(name, call.where, call.key)
        if name in own:
            found = resolver.resolve(own[name])
        elif "." in name:
            found = resolver.get_att(target, target)
        else:
            found = resolver.ref(target, target)
        text = resolver.word(found)
        broken = broken or isinstance(text, Unresolved)
        return text

    shape = resolver.word(pattern)
    text = _HOLE.sub(fill, shape)
    return replace(call, value=UNRESOLVED if broken or isinstance(shape, Unresolved) else Bound(text))


def join(resolver: Resolver, call: Node, argument: Node) -> Node:
    """`Join`: a list with a text between its elements."""
    if len(argument.items) != 2:
        return resolver.wrong(call, "Join takes a separator and a list", 'write !Join ["-", [a, b]]')
    parts = resolver.resolve(argument.items[1])
    if isinstance(parts.value, Unresolved):
        return replace(call, value=UNRESOLVED)
    if not isinstance(parts.value, tuple):
        return resolver.wrong(call, "Join has no list to join", 'write !Join ["-", [a, b]]')
    words = [resolver.word(one) for one in (argument.items[0], *parts.items)]
    if any(isinstance(one, Unresolved) for one in words):
        return replace(call, value=UNRESOLVED)
    return replace(call, value=Bound(words[0].join(words[1:])))


def split(resolver: Resolver, call: Node, argument: Node) -> Node:
    """`Split`: a text cut at a separator."""
    if len(argument.items) != 2:
        return resolver.wrong(call, "Split takes a separator and a text", 'write !Split [",", text]')
    separator, text = resolver.word(argument.items[0]), resolver.word(resolver.resolve(argument.items[1]))
    if isinstance(separator, Unresolved) or isinstance(text, Unresolved):
        return replace(call, value=UNRESOLVED)
    if not separator:
        return resolver.wrong(call, "Split has an empty separator", 'write !Split [",", text]')
    return replace(call, value=tuple(Node(Bound(one), call.where) for one in text.split(separator)))


def select(resolver: Resolver, call: Node, argument: Node) -> Node:
    """`Select`: one element of a list, counted from 0."""
    resolved = resolver.resolve(argument)
    index, found = (*resolved.items, Node(None, call.where), Node(None, call.where))[:2]
    if isinstance(found.value, Unresolved):
        return found
    at = resolver.word(index)
    if isinstance(at, Unresolved):
        return replace(call, value=UNRESOLVED)
    elements = {str(number): one for number, one in enumerate(found.items)}
    return elements.get(at) or resolver.wrong(
        call, f"Select has no element {at[:20]} to take", "the first element is 0"
    )


def find_in_map(resolver: Resolver, call: Node, argument: Node) -> Node:
    """`FindInMap`: a value of the template's Mappings by two keys."""
    keys = [resolver.word(resolver.resolve(one)) for one in argument.items]
    if any(isinstance(one, Unresolved) for one in keys):
        return replace(call, value=UNRESOLVED)
    found: Mapping[str, Node] = resolver.mappings
    node: Node | None = None
    for key in keys:
        node = found.get(key)
        if node is None:
            return resolver.wrong(call, f"the template's Mappings have no {key}", did_you_mean(key, found))
        found = node.fields
    return node or resolver.wrong(
        call, "FindInMap takes a map and two keys", "write !FindInMap [map, first, second]"
    )


def equals(resolver: Resolver, call: Node, argument: Node) -> Node:
    """`Equals`: two values as text."""
    sides = [resolver.word(resolver.resolve(one)) for one in argument.items]
    if len(sides) != 2:
        return resolver.wrong(call, "Equals takes two values", "write !Equals [one, other]")
    return replace(call, value=sides[0] == sides[1])


def logic(resolver: Resolver, call: Node, argument: Node, holds: Callable[[list[bool]], bool]) -> Node:
    """`And`, `Or`, `Not` over conditions."""
    if not argument.items:
        return resolver.wrong(
            call, "And, Or and Not take a list of conditions", "write !Not [!Condition NAME]"
        )
    return replace(call, value=holds([is_true(resolver.resolve(one)) for one in argument.items]))


def _own(argument: Node) -> Mapping[str, Node]:
    return argument.items[1].fields if len(argument.items) > 1 else _EMPTY


def text_of(node: Node) -> str:
    """A single value as text, as CloudFormation writes it."""
    if isinstance(node.value, bool):
        return "true" if node.value else "false"
    return "" if node.value is None else str(node.value)


def is_true(node: Node) -> bool:
    """Whether a value is the truth value true."""
    return text_of(node) == "true"

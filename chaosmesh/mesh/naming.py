"""Names as people write them."""

from __future__ import annotations

from collections.abc import Collection

SEPARATOR = "_"
"""Between the name and the namespace of a resource, in the names that the App Mesh controller of Kubernetes gives. Neither
part can hold one."""


def node_named(name: str, known: Collection[str]) -> str | None:
    """The one of that name, else the only one that the controller calls so in some namespace: `front` may be
    `front_shop`."""
    if name in known:
        return name
    tails = {one: one.removeprefix(name + SEPARATOR) for one in known if one.startswith(name + SEPARATOR)}
    found = [one for one, tail in tails.items() if tail and SEPARATOR not in tail]
    return found[0] if len(found) == 1 else None

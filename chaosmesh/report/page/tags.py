"""HTML as values: whatever is not `Markup` already is escaped, so no name of a document can write into a page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape

Child = Markup | str | int | float | None
Attribute = str | int | float | bool | None

_VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "wbr"})
# Control characters and text-direction overrides; line ends and tabs stay.
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def text(value: Child) -> Markup:
    """Escaped text, control characters shown as U+FFFD; `Markup` as it is; None is nothing."""
    if value is None:
        return Markup()
    if isinstance(value, Markup):
        return value
    return escape(_CONTROL.sub("\ufffd", str(value)))


def tag(name: str, /, *children: Child, **attributes: Attribute) -> Markup:
    """An element. `cls` is its class, `for_` its `for`, `aria_label` its `aria-label`; True is an attribute without a
    value, False and None are left out."""
    told = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Markup(f"<{name}{told}>")  # noqa: S704 - every value is escaped in `_attribute`
    return Markup(f"<{name}{told}>{join(children)}</{name}>")  # noqa: S704


def join(children: Iterable[Child], between: str = "") -> Markup:
    """One after the other."""
    return text(between).join(text(one) for one in children)


def paragraphs(children: Iterable[Child], cls: str = "") -> Markup:
    """A paragraph each; empty ones are left out."""
    return join(tag("p", one, cls=cls or None) for one in children if one)


def listing(children: Sequence[Child], cls: str = "plain") -> Markup:
    """An unordered list; nothing where there is nothing to list."""
    return tag("ul", *(tag("li", one) for one in children), cls=cls) if children else Markup()


def more(total: int, shown: int, what: str) -> Markup:
    """What was left out, said."""
    left = total - shown
    return tag("p", f"… and {left:,} more {what}.", cls="soft") if left > 0 else Markup()


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = {"cls": "class"}.get(key, key.rstrip("_").replace("_", "-"))
    return (
        f" {name}"
        if value is True
        else f' {name}="{text(value if not isinstance(value, Markup) else str(value))}"'
    )

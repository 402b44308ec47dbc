"""Small pieces that several sections use."""

from __future__ import annotations

from pathlib import PurePath

from markupsafe import Markup

from chaosmesh.errors import Where
from chaosmesh.report.page.tags import Child, tag
from chaosmesh.report.words import clean

_LONGEST = 600

FLAGS = {
    "UT": "timed out",
    "URX": "out of retries",
    "UF": "connection failed",
    "UC": "connection cut",
    "UO": "stopped by a breaker",
    "UH": "no healthy replica",
    "NR": "no route",
    "DC": "caller went away",
    "LR": "reset by the caller's sidecar",
    "UR": "reset by the server",
    "FI": "failed by a fault",
    "DI": "delayed by a fault",
    "DPE": "broken protocol from the caller",
    "UPE": "broken protocol from the server",
}
"""Envoy's response flags in words (Envoy documentation, "Access logging", command operator RESPONSE_FLAGS)."""


def clip(text: str, most: int = _LONGEST) -> str:
    """The text on one line, cut where it is very long."""
    told = clean(text)
    return told if len(told) <= most else told[: most - 1] + "…"


def code(content: Child) -> Markup:
    """As it is typed or as it stands in a file."""
    return tag("code", content)


def place(where: Where | None) -> Markup:
    """A place in a document; nothing where there is none."""
    return tag("p", code(clip(str(where)))) if where else Markup()


def short_place(where: Where) -> Markup:
    """A place by its file's own name; the whole of it is told where the pointer rests."""
    return tag("code", clip(f"{PurePath(where.file).name}:{where.line}"), title=clip(str(where)))


def cause(text: str) -> str:
    """A cause of failure as people read it: Envoy's flag in words, the edge with an arrow."""
    kind, _, rest = text.partition(" ")
    flag, at, where = rest.partition(" at ")
    told = FLAGS[flag] if kind == "flag" and flag in FLAGS else f"{kind} {flag}"
    return arrow(told + at + where)


def arrow(edge: str) -> str:
    """An edge as people read it."""
    return clean(edge.replace(">", " → "))

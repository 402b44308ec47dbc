"""The topology of a mesh as Mermaid, which GitHub and GitLab draw in Markdown."""

from __future__ import annotations

from collections.abc import Mapping

from chaosmesh.mesh.picture import Arrow, Picture
from chaosmesh.report.words import clean

MOST_ARROWS = 200
"""Mermaid refuses more than 500 edges; a picture of half as many can't be read."""

COLOURS = {"weak": "#cf222e", "undecided": "#9a6700", "held": "#1a7f37"}
"""Of edges, by what became of them under faults; legible on white and on black."""


def topology(picture: Picture, told: Mapping[tuple[str, str], str]) -> str:
    """The diagram without its fence; "" where it would be too large to be read. `told`: edge (client, service) → "weak",
    "undecided" or "held", written beside the edge as well."""
    arrows = [(one, target, weight) for one in picture.edges for target, weight in one.targets]
    if not picture.nodes or len(arrows) > MOST_ARROWS:
        return ""
    names = {one.id: f"n{number}" for number, one in enumerate(picture.nodes)}
    lines = ["flowchart LR"]
    for one in picture.nodes:
        left, right = ("([", "])") if one.entry or one.kind == "gateway" else ("[", "]")
        lines.append(f'  {names[one.id]}{left}"{_text(one.label)}"{right}')
    styles = list[str]()
    for number, (arrow, target, weight) in enumerate(arrows):
        word = told.get((arrow.client, arrow.service), "")
        lines.append(f'  {names[arrow.client]} -->|"{_label(arrow, weight, word)}"| {names[target]}')
        if colour := COLOURS.get(word):
            styles.append(f"  linkStyle {number} stroke:{colour},stroke-width:2px")
    return "\n".join([*lines, *styles])


def _label(arrow: Arrow, weight: float, word: str) -> str:
    name = arrow.service.partition(".")[0]
    share = f" {weight:g} %" if len(arrow.targets) > 1 else ""
    return _text(f"{name}{share}" + (f", {word}" if word and word != "held" else ""))


def _text(text: str) -> str:
    """Mermaid takes entities for what has a meaning in it."""
    return "".join(f"#{ord(c)};" if c in '"#<>&;|`\\[](){}' else c for c in clean(text))

"""From a text to trees, JSON and YAML told apart by how the text starts."""

from __future__ import annotations

from pathlib import PurePath

from chaosmesh.documents.jsontext import read_json
from chaosmesh.documents.tree import Node
from chaosmesh.documents.yamltext import read_yaml
from chaosmesh.errors import DocumentError


def parse(text: str, file: str) -> list[Node]:
    """The trees of a text: JSON if it starts like JSON, else YAML."""
    if text.lstrip()[:1] not in {"{", "["}:
        return read_yaml(text, file)
    try:
        return [read_json(text, file)]
    except DocumentError:
        if PurePath(file).suffix not in {".yaml", ".yml"}:
            raise
        return read_yaml(text, file)

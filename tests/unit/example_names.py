"""What the Python examples of the documentation leave unsaid: names that stand for something of the reader's own."""

from __future__ import annotations

import ast
import textwrap

import chaosmesh
from tests.examples import Example

GIVEN = {
    "mesh": "",
    "weather": 'mesh.edge("flights", "weather")',
    "flights": 'mesh.edge("departures", "flights")',
    "edge": 'mesh.edge("flights", "weather")',
    "load": 'mesh.load(rate=100, path="/flights/NH10")',
    "stable": "[0.31, 0.30, 0.33, 0.29, 0.32, 0.30, 0.31, 0.28, 0.30, 0.33, 0.32, 0.31]",
    "canary": "[0.52, 0.55, 0.51, 0.58, 0.54, 0.53, 0.56, 0.52, 0.57, 0.55, 0.51, 0.54]",
    "DockerContainer": "",
    "Network": "",
    "MeshContainer": "",
    "SidecarContainer": "",
    "ToxiproxyContainer": "",
    "network": "Network()",
    "Redis": "typing.cast(typing.Any, None)",
    "Request": "",
    "urlopen": "",
    "pytest": "",
}
"""Name → how it is made; "" for what is a parameter or imported."""

_HEAD = f"""import typing
from urllib.request import Request, urlopen

import pytest
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network

from chaosmesh import {", ".join(sorted(chaosmesh.__all__))}
from chaosmesh.engine.experiment.view import MeshView
from chaosmesh.testcontainers import MeshContainer, SidecarContainer, ToxiproxyContainer

"""


def whole(example: Example) -> bool:
    """The example is a module of its own, not a piece of a test."""
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        for node in ast.parse(example.text).body
    )


def experiments_in(example: Example) -> bool:
    """The example has a test that pytest runs as it is."""
    return "@pytest.mark.chaosmesh(" in example.text


def made(example: Example) -> str:
    """Lines that make what the example uses but doesn't say."""
    used = {n.id for n in ast.walk(ast.parse(example.text)) if isinstance(n, ast.Name)}
    return "".join(
        f"{name} = {how}\n" for name, how in GIVEN.items() if how and name in used - bound(example)
    )


def bound(example: Example) -> set[str]:
    """Names that the example itself gives a value."""
    names = (n for n in ast.walk(ast.parse(example.text)) if isinstance(n, ast.Name))
    return {name.id for name in names if isinstance(name.ctx, ast.Store)}


def body(example: Example) -> str:
    """The example inside a function, indented."""
    return textwrap.indent(made(example) + example.text, "    ")


def wrapped(example: Example) -> str:
    """The example as a module that a type checker can read."""
    if whole(example):
        typed = example.text.replace("(mesh)", "(mesh: MeshView)")
        return _HEAD + typed
    parameter = "" if "mesh" in bound(example) else "mesh: MeshView"
    return f"{_HEAD}\ndef example({parameter}) -> None:\n{body(example)}"

"""What griffe shows of methods that take what a maker of wishes takes (`engine/experiment/taking.py`)."""

from __future__ import annotations

from typing import Any

import griffe

_VIEW = "engine.experiment.view.MeshView.load"
_MAKER = "engine.experiment.wishes.wish_of"


class Signatures(griffe.Extension):
    """Gives `mesh.load` the parameters that it has at run time."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Called once the whole package is read, without importing it."""
        own, made = pkg[_VIEW], pkg[_MAKER]
        own.parameters = griffe.Parameters(own.parameters[0], *list(made.parameters)[1:])

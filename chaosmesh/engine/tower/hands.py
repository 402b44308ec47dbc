"""The mesh as those hold it who make faults of it: the words of experiments, for a mesh that the tower watches."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

from chaosmesh.engine.experiment.contexts import FaultContext
from chaosmesh.engine.experiment.control import ControlPlaneOf
from chaosmesh.engine.experiment.edges import Edge
from chaosmesh.engine.experiment.externals import ExternalOf
from chaosmesh.engine.experiment.holding import Holding
from chaosmesh.engine.experiment.in_force import InForce
from chaosmesh.engine.experiment.names import Named, Path, nodes_named
from chaosmesh.engine.experiment.nodes import Node
from chaosmesh.engine.stack import Stack
from chaosmesh.engine.tower.forms import called
from chaosmesh.engine.tower.kinds import Recipe
from chaosmesh.errors import UsageError
from chaosmesh.mesh.picture import Arrow

T = TypeVar("T")

PLACES = {"edge": ("edge",), "external": ("external",), "control-plane": ()}
"""What a fault is on → what says where; others are on a node, or a replica of it."""


class Hands(Holding):
    """`seed` draws the victims of request faults."""

    def __init__(self, stack: Stack, seed: int, say: Callable[[str], None]) -> None:
        super().__init__()
        self.stack = stack
        self.seed = seed
        self.say = say
        self._loop = asyncio.get_running_loop()

    @property
    def live(self) -> Hands:
        """The mesh."""
        return self

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine, for another thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def acall(self, work: Coroutine[Any, Any, T]) -> T:
        """The same on this loop."""
        return await work

    def made(
        self,
        recipe: Recipe,
        on: Mapping[str, Any],
        fields: Mapping[str, Any],
        arrows: Mapping[str, Arrow],
    ) -> InForce:
        """The fault that a form asks for; UsageError where it makes no sense. Nothing is done yet."""
        target = self._target(recipe, on, arrows)
        positional, named = called(recipe, fields)
        context: FaultContext = getattr(target, recipe.method)(*positional, **named)
        return context.in_force

    def _target(self, recipe: Recipe, on: Mapping[str, Any], arrows: Mapping[str, Arrow]) -> Any:
        known = PLACES.get(recipe.on, ("node", "replica"))
        if odd := sorted(set(on) - set(known)):
            raise UsageError(
                f"on: {recipe.kind} knows no {', '.join(odd)}",
                hint=f"known: {', '.join(known)}" if known else "nothing is asked for",
            )
        if recipe.on == "edge":
            return self._edge(on, arrows)
        if recipe.on == "control-plane":
            return ControlPlaneOf(self)
        if recipe.on == "external":
            return ExternalOf(self, _named(on, "external"))
        return self._copies(recipe, on)

    def _edge(self, on: Mapping[str, Any], arrows: Mapping[str, Arrow]) -> Edge:
        name = _named(on, "edge")
        if name not in arrows:
            raise UsageError(f"there is no edge {name!r}", hint=f"edges: {', '.join(arrows) or 'none'}")
        arrow = arrows[name]
        return Edge(self, Named(arrow.label, (Path(arrow.client, arrow.service),)))

    def _copies(self, recipe: Recipe, on: Mapping[str, Any]) -> Any:
        mesh = self.stack.mesh
        node = Node(self, mesh, nodes_named(mesh, _named(on, "node")))
        index = on.get("replica")
        if index is None:
            if recipe.scope == "one":
                raise UsageError(f"{recipe.kind}: which replica?", hint="name one of them, from 0")
            return node
        if isinstance(index, bool) or not isinstance(index, int):
            raise UsageError(f"replica is a number (got {index!r})")
        if recipe.scope == "whole":
            raise UsageError(f"{recipe.kind} is about a whole node", hint="leave the replica out")
        replica = node.replica(index)
        return replica.sidecar if recipe.part == "sidecar" else replica


def _named(on: Mapping[str, Any], key: str) -> str:
    value = on.get(key)
    if not isinstance(value, str) or not value:
        raise UsageError(f"on: which {key}?", hint=f'"on": {{"{key}": …}}')
    return value

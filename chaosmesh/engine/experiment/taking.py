"""Methods that take what a maker of wishes takes: the parameters are written once, and help shows them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine.experiment.wishes import Wish

P = ParamSpec("P")
R = TypeVar("R")


class Owner(Protocol):
    """Whose method it is."""

    @property
    def scenario(self) -> Scenario:
        """Where what is left out comes from."""


Self = TypeVar("Self", bound=Owner)


def taking(
    make: Callable[Concatenate[Scenario, P], Wish],
) -> Callable[[Callable[[Self, Wish], R]], Callable[Concatenate[Self, P], R]]:
    """The method gets the wish that `make` makes of the owner's scenario and of what the method was called with."""

    def decorate(method: Callable[[Self, Wish], R]) -> Callable[Concatenate[Self, P], R]:
        own, made = inspect.signature(method), inspect.signature(make)
        first, *_ = own.parameters.values()
        _, *rest = made.parameters.values()
        shown = own.replace(parameters=[first, *rest])

        @wraps(method)
        def called(self: Self, /, *args: P.args, **kwargs: P.kwargs) -> R:
            try:
                shown.bind(self, *args, **kwargs)
            except TypeError as error:
                raise TypeError(f"{method.__name__}() {error}") from None
            return method(self, make(self.scenario, *args, **kwargs))

        called.__signature__ = shown  # type: ignore[attr-defined]
        return called

    return decorate

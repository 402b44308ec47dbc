"""Faults that are on no edge, as tests hold them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from chaosmesh.engine.experiment.contexts import FaultContext
from chaosmesh.engine.experiment.holding import Hand
from chaosmesh.engine.experiment.in_force import InForce
from chaosmesh.engine.experiment.names import Named, Path
from chaosmesh.faults import Fault
from chaosmesh.mesh import Replica

_numbers = itertools.count(1)


def acting_on(
    session: Hand,
    label: str,
    place: str,
    replicas: Sequence[Replica],
    make: Callable[[str, Replica], Fault],
) -> FaultContext:
    """A fault for each replica, all in force together."""
    number = next(_numbers)
    made = tuple(make(f"{_word(label)}-{one.key}-{number}", one) for one in replicas)
    return _context(session, label, place, made)


def acting_on_mesh(session: Hand, label: str, place: str, make: Callable[[str], Fault]) -> FaultContext:
    """One fault on the mesh as a whole."""
    return _context(session, label, place, (make(f"{_word(label)}-{next(_numbers)}"),))


def _context(session: Hand, label: str, place: str, made: tuple[Fault, ...]) -> FaultContext:
    paths = tuple(Path(*fault.edge) for fault in made)
    return FaultContext(session.live, InForce(label, Named(place, paths), made))


def _word(label: str) -> str:
    return label.partition(" ")[0]

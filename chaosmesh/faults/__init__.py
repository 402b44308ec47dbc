"""Faults, one file each: `apply → dose → heal`. What they did is read from the attempts, never assumed."""

from chaosmesh.faults.base import AttemptSeen, Dose, Fault, Site
from chaosmesh.faults.down import Down
from chaosmesh.faults.errors import Errors
from chaosmesh.faults.latency import Latency

__all__ = ["AttemptSeen", "Dose", "Down", "Errors", "Fault", "Latency", "Site"]

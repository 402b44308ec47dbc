"""Nightly runs over time: a folder of summaries, what changed in it for good, and what is merely unsteady."""

from chaosmesh.engine.history.store import Night, add, read
from chaosmesh.engine.history.trends import History, trends

__all__ = ["History", "Night", "add", "read", "trends"]

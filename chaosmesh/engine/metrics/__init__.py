"""Metrics of a run: what we count ourselves, a Prometheus server that scrapes everything, and what is kept of it."""

from chaosmesh.engine.metrics.metrics import Metrics

__all__ = ["Metrics"]

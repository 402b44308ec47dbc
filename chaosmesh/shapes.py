"""Shapes of load for experiments: `mesh.load(shape=shapes.spike(base=50, peak=400, at="2s", width="1s"))`."""

from chaosmesh.load.curves import constant, diurnal, ramp, spike, steps
from chaosmesh.load.shapes import Piece, Shape
from chaosmesh.load.ticks import from_locust

__all__ = ["Piece", "Shape", "constant", "diurnal", "from_locust", "ramp", "spike", "steps"]

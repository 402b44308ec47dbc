"""Charts as inline SVG: pure functions of numbers, themed by the page's style sheet, each with its numbers as a table.

Plots fill the width they are given and their text keeps its size: positions are percentages, and paths are stretched
in an inner picture whose strokes do not scale.
"""

from chaosmesh.report.charts.bars import bars
from chaosmesh.report.charts.curve import curve
from chaosmesh.report.charts.intervals import Interval, intervals
from chaosmesh.report.charts.lines import lines
from chaosmesh.report.charts.model import Axis, Band, Series, Shade
from chaosmesh.report.charts.spark import spark
from chaosmesh.report.charts.topology import Link, topology

__all__ = [
    "Axis",
    "Band",
    "Interval",
    "Link",
    "Series",
    "Shade",
    "bars",
    "curve",
    "intervals",
    "lines",
    "spark",
    "topology",
]

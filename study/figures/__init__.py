"""The drawings of the report, a module for each kind; ``svg`` turns them into what may stand on a page."""

from study.figures.cloud import apart, cloud
from study.figures.curves import Line, lines
from study.figures.forest import Rung, forest, left_edge
from study.figures.knob import knob
from study.figures.rows import Effect, bars, effects, intervals
from study.figures.scatter import Dots, dots

__all__ = [
    "Dots",
    "Effect",
    "Line",
    "Rung",
    "apart",
    "bars",
    "cloud",
    "dots",
    "effects",
    "forest",
    "intervals",
    "knob",
    "left_edge",
    "lines",
]

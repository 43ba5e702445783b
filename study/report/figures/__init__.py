"""The drawings of the report, a module for each kind; ``svg`` turns them into what may stand on a page."""

from study.report.figures.cloud import apart, cloud
from study.report.figures.comparisons import Comparison, Pairs, comparisons, paired
from study.report.figures.curves import Line, lines
from study.report.figures.forest import Forest, Rung, forest
from study.report.figures.hyperparameter import Values, hyperparameter
from study.report.figures.parallel import Coordinate, Strand, parallel
from study.report.figures.rows import SMALL, Effect, bars, effects, intervals
from study.report.figures.scatter import Dots, Plane, dots

__all__ = [
    "SMALL",
    "Coordinate",
    "Comparison",
    "Dots",
    "Effect",
    "Forest",
    "Line",
    "Pairs",
    "Plane",
    "Rung",
    "Strand",
    "Values",
    "apart",
    "bars",
    "cloud",
    "comparisons",
    "dots",
    "effects",
    "forest",
    "intervals",
    "hyperparameter",
    "lines",
    "parallel",
    "paired",
]

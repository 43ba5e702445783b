"""All hyperparameters at once: a line per complete trial through its settings, down to its score."""

from __future__ import annotations

import math
from typing import Any

from results.analysis.evidence import Trial
from results.analysis.importance import FEW, is_log, is_numeric
from results.record import Record
from study.report import figures
from study.report.blocks import Figure
from study.report.parts.hyperparameters import MOST
from study.report.text import clean, plural, text, value
from study.report.view import View

FIXED = 12
"""Fixed settings that the caption names."""


class _Scale:
    """Where a value lies on an axis, in 0..1; categories and few numbers at equal distances."""

    def __init__(self, values: list[Any]) -> None:
        self.numeric = is_numeric(values) and len({*map(float, values)}) > FEW
        self.log = self.numeric and is_log([float(v) for v in values])
        if self.numeric:
            self.low, self.high = (self._turned(end(map(float, values))) for end in (min, max))
            return
        numbers = is_numeric(values)
        size = {value(v): float(v) if numbers else 0.0 for v in values}
        self.names = sorted(size, key=lambda name: (size[name], name))

    def _turned(self, number: float) -> float:
        return math.log(number) if self.log else number

    def place(self, setting: Any) -> float:
        """The place of a value that is among those of the axis."""
        if self.numeric:
            return (self._turned(float(setting)) - self.low) / (self.high - self.low)
        return self.names.index(value(setting)) / max(len(self.names) - 1, 1)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """The ends and the middle of numbers; all categories where there is room."""
        if self.numeric:
            middle = [self.low, (self.low + self.high) / 2, self.high]
            return [(i / 2, f"{math.exp(m) if self.log else m:.3g}") for i, m in enumerate(middle)]
        last = len(self.names) - 1
        kept = [i for i in range(last + 1) if last < 8 or i in (0, last)]
        return [(i / max(last, 1), name if len(name := clean(self.names[i])) <= 18 else f"{name[:17]}…") for i in kept]


def parallel(view: View) -> Figure | None:
    """Every complete trial and the baseline through one axis for each hyperparameter, then validation."""
    trials = [t for t in view.shown if t.record.status == "complete" and t.record.score is not None]
    if len(trials) < 3 or not view.varying:
        return None
    fields, run = view.varying[:MOST], view.reference
    runs: list[Record] = [t.record for t in trials] + ([run] if run is not None and run.score is not None else [])
    known = {f: [r.config[f] for r in runs if f in r.config] for f in fields}
    scales = {f: _Scale(values) for f, values in known.items() if values}
    limit = view.worst_drawn([r.score or 0.0 for r in runs])
    scores = [r.score or 0.0 if limit is None else max(r.score or 0.0, limit) for r in runs]
    low, high = min(scores), max(scores)

    def share(record: Record) -> float:
        return (max(record.score or 0.0, low) - low) / (high - low) if high > low else 0.5

    def strand(record: Record) -> figures.Strand:
        places = [scale.place(record.config[f]) if f in record.config else None for f, scale in scales.items()]
        return figures.Strand([*places, share(record)], share(record))

    ends = [(i / 2, view.metric.end(view.raw(low + i * (high - low) / 2) or 0.0)) for i in range(3)]
    coordinates = [figures.Coordinate(clean(f, 40), scale.ticks) for f, scale in scales.items()]
    coordinates.append(figures.Coordinate(view.metric.axis(view.metric.what("validation")), ends))
    through = ", ".join(clean(f, 40) for f in scales)
    alt = f"{plural(len(trials), 'complete trial')} as lines through {through} and validation"
    svg = figures.parallel(
        "parallel",
        coordinates,
        [strand(t.record) for t in trials if t is not view.best],
        strand(view.best.record) if view.best is not None else None,
        strand(run) if run is not None and run.score is not None else None,
        alt,
    )
    return _figure(view, trials, svg, alt, limit)


def _figure(view: View, trials: list[Trial], svg: Any, alt: str, limit: float | None) -> Figure:
    fixed = [f"{clean(f, 40)}={value(v)}" for f, v in view.meta.baseline.items() if f not in view.varying]
    more = len(fixed) - FIXED
    reading = text(
        "A line for each of {}, stronger the better its score (last axis, better to the right). Thick: the best. "
        "Dashed: the baseline. {}{}{}{}",
        plural(len(trials), "complete trial"),
        view.least,
        view.beyond(limit),
        f"Fixed: {', '.join(fixed[:FIXED])}" if fixed else "",
        f" and {more} more settings." if more > 0 else "." if fixed else "",
    )
    return Figure("parallel", "Parallel coordinates", svg, alt, reading)

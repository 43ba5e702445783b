"""Scores over one hyperparameter: one of many small plots side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from study.report.figures.axes import plain_log
from study.report.figures.svg import ROLES, draw, mark_all

WIDE, TALL = 146, 116
"""Of a plot in points; one whose settings lie is twice as wide. Two lie side by side on a telephone, each of 160
pixels, and four on a screen, each of 200.
"""
SIZE = 10.5
"""Of its text, in points."""


@dataclass(frozen=True)
class Values:
    """Trials over one hyperparameter: the setting, the metric's value and the state of each.

    ``states``: 'complete' or 'pruned'. ``base``: the baseline's value and score; ``band``: where one more run of it
    would fall. ``best``: the position of the trial to mark. ``ends``: of the upright axis, for all plots the same.
    Without ``numeric`` values are categories in order of appearance.
    """

    values: Sequence[Any]
    scores: Sequence[float]
    states: Sequence[str]
    base: tuple[Any, float] | None = None
    band: tuple[float, float] | None = None
    best: int | None = None
    numeric: bool = True
    log: bool = False
    ends: tuple[float, float] | None = None

    @property
    def categories(self) -> list[Any]:
        """The values where they are categories."""
        return [] if self.numeric else list(dict.fromkeys(self.values))

    @property
    def lying(self) -> bool:
        """Whether the settings stand one under the other, since their names would not fit side by side."""
        return sum(len(str(c)) + 2 for c in self.categories) > 24

    def places(self) -> list[float]:
        """The x of each trial: its value, or its category's place, a little aside where others share it."""
        if self.numeric:
            return [float(v) for v in self.values]
        order = {v: i for i, v in enumerate(self.categories)}
        seen: dict[Any, int] = {}
        found = []
        for v in self.values:
            n = seen[v] = seen.get(v, -1) + 1
            found.append(order[v] + 0.28 * (2 * ((0.5 + n * 0.618) % 1) - 1))
        return found


def hyperparameter(name: str, given: Values, alt: str, tick: Callable[[float], str]) -> Markup:
    """Draw every trial's value over one hyperparameter, ``tick`` at the axis: dots complete, rings pruned."""

    def paint(axes: Axes) -> None:
        if given.log:
            axes.set_xscale("log")
        scores, settings = (axes.xaxis, axes.yaxis) if given.lying else (axes.yaxis, axes.xaxis)
        _draw_scores(axes, given)
        scores.set_major_locator(MaxNLocator(4))
        scores.set_major_formatter(lambda v, _: tick(v))
        settings.grid(visible=False)
        if given.numeric and given.log:
            plain_log(axes, few=True)
        elif given.numeric:
            settings.set_major_locator(MaxNLocator(4))
            settings.set_major_formatter(lambda v, _: f"{v:g}")
        else:
            settings.set_ticks(range(len(given.categories)), labels=[str(c) for c in given.categories])
            ends = (-0.6, len(given.categories) - 0.4)
            axes.set_ylim(ends[::-1]) if given.lying else axes.set_xlim(ends)
        axes.tick_params(length=2)

    if given.lying:
        return draw(name, paint, alt, 2 * WIDE + 8, 28 + 12 * max(len(given.categories), 7), SIZE)
    return draw(name, paint, alt, WIDE, TALL, SIZE)


def _draw_scores(axes: Axes, given: Values) -> None:
    places = given.places()
    span, line = (axes.axvspan, axes.axvline) if given.lying else (axes.axhspan, axes.axhline)

    def at(points: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
        one, two = [p for p, _ in points], [s for _, s in points]
        return (two, one) if given.lying else (one, two)

    def those(pruned: bool) -> tuple[list[float], list[float]]:
        own = [i for i, state in enumerate(given.states) if (state == "pruned") == pruned and i != given.best]
        return at([(places[i], given.scores[i]) for i in own])

    if given.band is not None:
        span(*given.band, color=ROLES["pale"], alpha=0.25, linewidth=0)
    if given.base is not None:
        line(given.base[1], color=ROLES["base"], linewidth=1, linestyle=(0, (1, 1.5)))
    mark_all(axes, *those(True), "muted", 3, ring=True)
    mark_all(axes, *those(False), "trial", 4)
    if given.base is not None and given.base[0] is not None:
        value, score = given.base
        where = float(value) if given.numeric else float(given.categories.index(value))
        axes.plot(*at([(where, score)]), "D", mfc=ROLES["ground"], mec=ROLES["base"], mew=1.1, markersize=4.5)
    if given.best is not None:
        axes.plot(*at([(places[given.best], given.scores[given.best])]), "o", color=ROLES["best"], markersize=5.5)
    if given.ends is not None and given.ends[0] != given.ends[1]:  # all alike: matplotlib's own margin
        low, high = given.ends
        ends = (low - 0.06 * (high - low), high + 0.06 * (high - low))
        axes.set_xlim(ends) if given.lying else axes.set_ylim(ends)

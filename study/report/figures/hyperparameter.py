"""Scores over one hyperparameter, the trials without a score as ticks under the axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.transforms import blended_transform_factory

from study.report.figures.axes import plain_log
from study.report.figures.svg import NARROW, ROLES, draw


@dataclass(frozen=True)
class Values:
    """Trials over one hyperparameter: the setting, the metric's value and the state of each.

    ``states``: 'complete', 'pruned' or another for one that failed. ``base``: the baseline's value and score.
    ``best``: the position of the trial to mark. Without ``numeric`` values are categories in order of appearance.
    """

    values: Sequence[Any]
    scores: Sequence[float | None]
    states: Sequence[str]
    base: tuple[Any, float] | None = None
    best: int | None = None
    numeric: bool = True
    log: bool = False

    @property
    def categories(self) -> list[Any]:
        """The values where they are categories."""
        return [] if self.numeric else list(dict.fromkeys(self.values))

    def at(self, i: int) -> float:
        """The x of a trial: its value, or its category's place, a little aside where others share it."""
        if self.numeric:
            return float(self.values[i])
        same = [j for j in range(len(self.values)) if self.values[j] == self.values[i]]
        width = min(0.28, 0.04 * len(same))
        aside = width * (2 * ((same.index(i) * 0.618) % 1) - 1) if len(same) > 1 else 0.0
        return self.categories.index(self.values[i]) + aside


def hyperparameter(name: str, given: Values, x: str, alt: str, tick: Callable[[float], str]) -> Markup:
    """Draw every trial's value over one hyperparameter, ``tick`` at the axis; those without as ticks under it."""

    def paint(axes: Axes) -> None:
        if given.log:
            axes.set_xscale("log")
        _draw_scores(axes, given)
        _draw_ticks(axes, given)
        if given.numeric and given.log:
            plain_log(axes)
        elif not given.numeric:
            _name_categories(axes, [str(c) for c in given.categories])
        axes.tick_params(axis="x", pad=14, length=0)
        axes.set_title(x, color=ROLES["ink"])
        axes.yaxis.set_major_formatter(lambda v, _: tick(v))
        axes.grid(axis="x", visible=False)

    return draw(name, paint, alt, NARROW, 190)


def _draw_scores(axes: Axes, given: Values) -> None:
    full = [(i, s) for i, s in enumerate(given.scores) if s is not None and given.states[i] == "complete"]
    if given.base is not None:
        axes.axhline(given.base[1], color=ROLES["base"], linewidth=1.1, linestyle=(0, (1, 1.5)))
    rest = [(given.at(i), score) for i, score in full if i != given.best]
    axes.plot([x for x, _ in rest], [y for _, y in rest], "o", color=ROLES["trial"], markersize=4, alpha=0.8)
    if given.base is not None:
        value, score = given.base
        where = float(value) if given.numeric else float(given.categories.index(value))
        axes.plot([where], [score], "D", mfc=ROLES["ground"], mec=ROLES["base"], mew=1.2, markersize=5.5)
    for i, score in full:
        if i == given.best:
            axes.plot([given.at(i)], [score], "o", color=ROLES["best"], markersize=6)


def _draw_ticks(axes: Axes, given: Values) -> None:
    under = blended_transform_factory(axes.transData, axes.transAxes)
    for height, role, mark, own in (
        (-0.035, "muted", "|", [i for i, s in enumerate(given.states) if s == "pruned"]),
        (-0.085, "bad", "x", [i for i, s in enumerate(given.states) if s not in ("complete", "pruned")]),
    ):
        axes.plot(
            [given.at(i) for i in own],
            [height] * len(own),
            mark,
            color=ROLES[role],
            markersize=4,
            mew=0.9,
            transform=under,
            clip_on=False,
            scalex=True,
            scaley=False,
        )


def _name_categories(axes: Axes, names: Sequence[str]) -> None:
    slanted = len(names) > 4 or sum(map(len, names)) > 30
    axes.set_xticks(
        range(len(names)),
        labels=names,
        rotation=40 if slanted else 0,
        ha="right" if slanted else "center",
        rotation_mode="anchor",
    )
    axes.set_xlim(-0.6, len(names) - 0.4)

"""Parallel coordinates, the axes lying one under the other: as readable on a telephone as on a screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.axes import Axes

from study.report.figures.svg import NARROW, READABLE, ROLES, draw

STEP, LINE, LETTER = 38.0, 12.0, 5.6
"""Points from one axis to the next, from a line of ticks' texts to the next, and about the width of a letter."""

STEPS = 5
"""Of strength by score: each is one path, however many lines it has."""


@dataclass(frozen=True)
class Coordinate:
    """An axis: its name, and its ticks as (place in 0..1, text)."""

    name: str
    ticks: Sequence[tuple[float, str]]

    @property
    def lines(self) -> int:
        """Over how many lines the ticks' texts are spread in turn, lest one covers another."""
        return next((n for n in (1, 2, 3) if all(self._fits(self.ticks[i::n]) for i in range(n))), 4)

    def _fits(self, ticks: Sequence[tuple[float, str]]) -> bool:
        pairs = zip(ticks, ticks[1:], strict=False)
        return all((b - a) * NARROW * 0.94 > LETTER * (len(one) + len(two) + 2) / 2 for (a, one), (b, two) in pairs)


@dataclass(frozen=True)
class Strand:
    """A run's line: its place in 0..1 on each axis (None where it has no value there) and its strength in 0..1."""

    places: Sequence[float | None]
    strength: float = 1.0


def parallel(
    name: str,
    axes_of: Sequence[Coordinate],
    trials: Sequence[Strand],
    best: Strand | None,
    base: Strand | None,
    alt: str,
) -> Markup:
    """Draw one line per run through its place on each axis, the last axis being the score's."""
    rows = [0.0]
    for coordinate in axes_of:
        rows.append(rows[-1] + STEP + LINE * (coordinate.lines - 1))

    def paint(axes: Axes) -> None:
        axes.set_axis_off()
        axes.set_xlim(-0.03, 1.03)
        axes.set_ylim(rows[-1] - 20, -18)
        for at, coordinate in zip(rows, axes_of, strict=False):
            _draw_axis(axes, at, coordinate)
        for step in range(STEPS):
            own = [t for t in trials if min(int(t.strength * STEPS), STEPS - 1) == step]
            _draw_strands(axes, rows, own, "trial", 0.8, alpha=0.15 + 0.6 * step / (STEPS - 1))
        if base is not None:
            _draw_strands(axes, rows, [base], "base", 1.6, dash=True)
        if best is not None:
            _draw_strands(axes, rows, [best], "best", 1.8)

    return draw(name, paint, alt, NARROW, rows[-1] + 8, READABLE)


def _draw_axis(axes: Axes, at: float, coordinate: Coordinate) -> None:
    axes.plot([0, 1], [at, at], color=ROLES["muted"], linewidth=0.9)
    axes.text(0, at - 4, coordinate.name, va="bottom", weight="bold")
    for i, (place, label) in enumerate(coordinate.ticks):
        axes.plot([place, place], [at - 2, at + 2], color=ROLES["muted"], linewidth=0.9)
        side = "left" if place < 0.04 else "right" if place > 0.96 else "center"
        under = at + 3 + LINE * (i % coordinate.lines)
        axes.text(place, under, label, va="top", ha=side, color=ROLES["muted"])


def _draw_strands(
    axes: Axes,
    rows: Sequence[float],
    strands: Sequence[Strand],
    role: str,
    width: float,
    alpha: float = 1.0,
    dash: bool = False,
) -> None:
    x: list[float] = []
    y: list[float] = []
    for strand in strands:
        x += [float("nan") if place is None else place for place in strand.places] + [float("nan")]
        y += [*rows[: len(strand.places)], 0.0]
    if x:
        style = (0, (4, 2)) if dash else "-"
        axes.plot(x, y, color=ROLES[role], linewidth=width, alpha=alpha, linestyle=style)

"""Every trial as its difference to the baseline, best on top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes

from study.report.figures.axes import signed_ticks, wrapped
from study.report.figures.svg import NARROW, READABLE, ROLES, draw


@dataclass(frozen=True)
class Rung:
    """A row of a forest: differences as configured (``full``) and at equal epochs (``equal``), either None."""

    label: str
    full: float | None
    equal: float | None = None
    role: str = "trial"


@dataclass(frozen=True)
class Forest:
    """Trials as differences to the baseline, best first; all in the units shown.

    ``band``: where one more run of the baseline would fall; ``luck``: what luck alone reaches, as ``by_luck`` says.
    Differences up to ``least`` are never called far. ``lower``: less is better, so that the worse lie to the right.
    """

    rungs: Sequence[Rung]
    band: tuple[float, float] | None = None
    luck: float | None = None
    by_luck: str = ""
    least: float = 0.0
    lower: bool = False

    @property
    def edge(self) -> float:
        """The difference beyond which a trial is drawn as an arrow; infinite, on the worse side, where all fit."""
        side = 1.0 if self.lower else -1.0  # of the worse
        better = [-side * v for r in self.rungs for v in (r.full, r.equal) if v is not None]
        known = [abs(v) for v in (*(self.band or ()), self.luck or 0.0)]
        near = max(self.least, *known, max(better, default=0.0))
        return side * (float("inf") if min(better, default=0.0) >= -6 * near else 4 * near)

    def far(self, value: float | None) -> bool:
        """Whether a difference lies beyond the edge."""
        return value is not None and (value > self.edge if self.lower else value < self.edge)


def forest(name: str, given: Forest, x: str, alt: str) -> Markup:
    """Draw differences to the baseline, best on top: a full dot as configured, a ring at equal epochs.

    What is so much worse that it would squeeze the rest becomes an arrow at the edge, with its value.
    """
    rungs, band, luck, lower, edge = given.rungs, given.band, given.luck, given.lower, given.edge
    tall = 14.0
    far = [(row, r.full) for row, r in enumerate(rungs) if r.full is not None and given.far(r.full)]

    def paint(axes: Axes) -> None:
        if band:
            axes.axvspan(*band, color=ROLES["pale"], alpha=0.25, linewidth=0)
        axes.axvline(0, color=ROLES["base"], linewidth=1.2)
        if luck is not None:
            axes.axvline(luck, color=ROLES["best"], linewidth=1, linestyle=(0, (4, 2)))
            style: dict[str, Any] = {"ha": "center", "va": "bottom", "color": ROLES["best"]}
            place = ("data", "axes fraction")
            axes.annotate(given.by_luck, (luck, 1), xycoords=place, xytext=(0, 3), textcoords="offset points", **style)
        _draw_dots(axes, given, 5)
        for row, value in far:
            axes.plot([edge], [row], ">" if lower else "<", color=ROLES["trial"], markersize=4.5)
            _label_arrow(axes, edge, row, value, lower)
        if far and lower:
            axes.set_xlim(right=edge + 0.02 * (edge - axes.get_xlim()[0]))
        elif far:
            axes.set_xlim(left=edge - 0.02 * (axes.get_xlim()[1] - edge))
        axes.set_ylim(len(rungs) - 0.4, -0.6)
        axes.set_xlabel(wrapped(x))
        axes.grid(axis="y", visible=False)
        axes.set_yticks(range(len(rungs)), labels=[r.label for r in rungs])
        signed_ticks(axes.xaxis)

    return draw(name, paint, alt, NARROW, 66 + tall * len(rungs), READABLE)


def _draw_dots(axes: Axes, given: Forest, size: float) -> None:
    rungs, edge = given.rungs, given.edge
    for row, rung in enumerate(rungs):
        both = [v for v in (rung.full, rung.equal) if v is not None]
        if len(both) == 2 and both[0] != both[1] and not any(given.far(v) or v == edge for v in both):
            axes.plot(both, [row, row], color=ROLES["pale"], linewidth=1)
    for role in ("trial", "best"):
        own = [(i, r) for i, r in enumerate(rungs) if r.role == role]
        rings = [(r.equal, i) for i, r in own if r.equal not in (None, r.full) and not given.far(r.equal)]
        dots = [(r.full, i) for i, r in own if r.full is not None and not given.far(r.full)]
        if rings:
            axes.plot(*zip(*rings, strict=True), "o", mfc=ROLES["ground"], mec=ROLES[role], mew=0.9, ms=size - 1)
        if dots:
            axes.plot(*zip(*dots, strict=True), "o", color=ROLES[role], markersize=size)


def _label_arrow(axes: Axes, edge: float, row: int, value: float, lower: bool) -> None:
    style: dict[str, Any] = {"va": "center", "ha": "right" if lower else "left"}
    said = (f"{value:+.1f}" if abs(value) >= 1 else f"{value:+.2g}").replace("-", "\u2212")
    place = (-5 if lower else 5, 0)
    axes.annotate(said, (edge, row), xytext=place, textcoords="offset points", color=ROLES["muted"], **style)

"""Every trial as its difference to the baseline, best on top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes

from study.report.figures.axes import signed_ticks
from study.report.figures.svg import NARROW, ROLES, draw


@dataclass(frozen=True)
class Rung:
    """A row of a forest: ``full`` as configured and ``equal`` at equal epochs, either None; in percentage points."""

    label: str
    full: float | None
    equal: float | None = None
    role: str = "trial"


def forest(
    name: str,
    rungs: Sequence[Rung],
    band: tuple[float, float] | None,
    luck: float | None,
    best_of: int,
    x: str,
    alt: str,
) -> Markup:
    """Draw differences to the baseline, best on top: a full dot as configured, a ring at equal epochs.

    ``luck`` is the expected maximum of ``best_of`` runs of the baseline. What lies so far below that it would squeeze
    the rest becomes an arrow at the left edge, with its value.
    """
    tall = 12.0 if len(rungs) <= 60 else max(2.5, 720 / len(rungs))
    edge = left_edge(rungs, band, luck)
    far = [(row, r.full) for row, r in enumerate(rungs) if r.full is not None and r.full < edge]

    def paint(axes: Axes) -> None:
        if band:
            axes.axvspan(*band, color=ROLES["pale"], alpha=0.25, linewidth=0)
        axes.axvline(0, color=ROLES["base"], linewidth=1.2)
        if luck is not None:
            axes.axvline(luck, color=ROLES["best"], linewidth=1, linestyle=(0, (4, 2)))
            style: dict[str, Any] = {"ha": "center", "va": "bottom", "color": ROLES["best"], "fontsize": 7.5}
            said, place = f"expected maximum, n = {best_of}", ("data", "axes fraction")
            axes.annotate(said, (luck, 1), xycoords=place, xytext=(0, 3), textcoords="offset points", **style)
        size = 4.5 if tall > 6 else 3
        _draw_dots(axes, rungs, edge, size)
        for row, value in far:
            axes.plot([edge], [row], "<", color=ROLES["trial"], markersize=size - 0.5)
            if tall > 6:
                _label_arrow(axes, edge, row, value)
        if far:
            axes.set_xlim(left=edge - 0.02 * (axes.get_xlim()[1] - edge))
        axes.set_ylim(len(rungs) - 0.4, -0.6)
        axes.set_xlabel(x)
        axes.grid(axis="y", visible=False)
        if tall > 6:
            axes.set_yticks(range(len(rungs)), labels=[r.label for r in rungs])
        else:
            axes.set_ylabel("rank")
        signed_ticks(axes.xaxis)

    return draw(name, paint, alt, NARROW + 40, 62 + tall * len(rungs))


def _draw_dots(axes: Axes, rungs: Sequence[Rung], edge: float, size: float) -> None:
    for row, rung in enumerate(rungs):
        both = [v for v in (rung.full, rung.equal) if v is not None]
        if len(both) == 2 and both[0] != both[1] and min(both) > edge:
            axes.plot(both, [row, row], color=ROLES["pale"], linewidth=1)
    for role in ("trial", "best"):
        own = [(i, r) for i, r in enumerate(rungs) if r.role == role]
        rings = [(r.equal, i) for i, r in own if r.equal is not None and r.equal != r.full and r.equal >= edge]
        dots = [(r.full, i) for i, r in own if r.full is not None and r.full >= edge]
        if rings:
            axes.plot(*zip(*rings, strict=True), "o", mfc=ROLES["ground"], mec=ROLES[role], mew=0.9, ms=size - 1)
        if dots:
            axes.plot(*zip(*dots, strict=True), "o", color=ROLES[role], markersize=size)


def _label_arrow(axes: Axes, edge: float, row: int, value: float) -> None:
    style: dict[str, Any] = {"va": "center", "fontsize": 7, "color": ROLES["muted"]}
    said = f"{value:+.1f}".replace("-", "\u2212")
    axes.annotate(said, (edge, row), xytext=(5, 0), textcoords="offset points", **style)


def left_edge(rungs: Sequence[Rung], band: tuple[float, float] | None, luck: float | None) -> float:
    """The difference, in percentage points, below which a trial is drawn as an arrow; minus infinity where all fit."""
    values = [v for r in rungs for v in (r.full, r.equal) if v is not None]
    near = max(1.5, *(abs(v) for v in (*(band or ()), luck or 0.0)), max(values, default=0.0))
    return -float("inf") if min(values, default=0.0) >= -6 * near else -4 * near

"""One row per thing: a value with its interval, a share with its range, an effect around zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import seaborn
from markupsafe import Markup
from matplotlib.axes import Axes

from study.report.figures.axes import signed_ticks
from study.report.figures.svg import NARROW, READABLE, ROLES, draw

SMALL = 216
"""Width in points at which a drawing's text is eleven pixels high on a telephone."""


def intervals(
    name: str,
    labels: Sequence[str],
    middle: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    x: str,
    alt: str,
) -> Markup:
    """Draw one row per label: a dot with its interval, the first label on top."""

    def paint(axes: Axes) -> None:
        rows = list(range(len(labels)))
        axes.hlines(rows, low, high, color=ROLES["trial"], linewidth=1.6)
        axes.plot(middle, rows, "o", color=ROLES["trial"], markersize=4.5)
        axes.set_ylim(len(labels) - 0.5, -0.5)
        axes.locator_params(axis="x", nbins=5)
        _name_rows(axes, labels, x)
        axes.xaxis.set_major_formatter(_percent)

    return draw(name, paint, alt, SMALL, 52 + 15 * len(labels))


def bars(
    name: str,
    labels: Sequence[str],
    values: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    x: str,
    alt: str,
) -> Markup:
    """Draw one horizontal bar per label with its range, the first on top; values are shares."""

    def paint(axes: Axes) -> None:
        rows = list(range(len(labels)))
        seaborn.barplot(
            x=list(values), y=rows, orient="h", ax=axes, color=ROLES["trial"], saturation=1, width=0.55, alpha=0.75
        )
        axes.hlines(rows, low, high, color=ROLES["ink"], linewidth=1.2)
        _name_rows(axes, labels, x)
        axes.xaxis.set_major_formatter(_percent)

    return draw(name, paint, alt, NARROW, 56 + 18 * len(labels), READABLE)


@dataclass(frozen=True)
class Effect:
    """A row of a verdict plot, in the units shown. ``role`` is the colour of its verdict."""

    label: str
    estimate: float
    low: float
    high: float
    role: str


def effects(
    name: str, rows: Sequence[Effect], margin: float | None, x: str, alt: str, width: float = NARROW + 40
) -> Markup:
    """Draw each effect with its interval around zero; the band is the margin within which two are called equivalent.

    Without a margin there is no band. ``width`` in points: text is as large as the place is wide.
    """

    def paint(axes: Axes) -> None:
        if margin is not None:
            axes.axvspan(-margin, margin, color=ROLES["pale"], alpha=0.22, linewidth=0)
        axes.axvline(0, color=ROLES["base"], linewidth=1.2)
        for i, row in enumerate(rows):
            axes.plot([row.low, row.high], [i, i], color=ROLES[row.role], linewidth=2, solid_capstyle="round")
            axes.plot([row.estimate], [i], "o", color=ROLES[row.role], markersize=5)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        _name_rows(axes, [r.label for r in rows], x)
        axes.locator_params(axis="x", nbins=6 if width > NARROW else 5)
        signed_ticks(axes.xaxis)

    return draw(name, paint, alt, width, 50 + (17 if width > NARROW else 15) * len(rows))


def _name_rows(axes: Axes, labels: Sequence[str], x: str) -> None:
    axes.set_yticks(range(len(labels)), labels=list(labels))
    axes.tick_params(axis="y", colors=ROLES["ink"])
    axes.set(xlabel=x, ylabel="")
    axes.grid(axis="y", visible=False)


def _percent(share: float, _: float) -> str:
    return f"{100 * share:g} %"

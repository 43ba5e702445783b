"""One row per thing: a value with its interval, a share with its range."""

from __future__ import annotations

from collections.abc import Sequence

import seaborn
from markupsafe import Markup
from matplotlib.axes import Axes

from study.report.figures.svg import NARROW, ROLES, draw


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
        axes.locator_params(axis="x", nbins=6)
        _name_rows(axes, labels, x)
        axes.xaxis.set_major_formatter(_percent)

    return draw(name, paint, alt, NARROW, 52 + 15 * len(labels))


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

    return draw(name, paint, alt, NARROW + 40, 52 + 18 * len(labels))


def _name_rows(axes: Axes, labels: Sequence[str], x: str) -> None:
    axes.set_yticks(range(len(labels)), labels=list(labels))
    axes.tick_params(axis="y", colors=ROLES["ink"])
    axes.set(xlabel=x, ylabel="")
    axes.grid(axis="y", visible=False)


def _percent(share: float, _: float) -> str:
    return f"{100 * share:g} %"

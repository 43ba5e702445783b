"""Thousands of points coloured by class, small enough for a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from study.report.figures.svg import CATEGORIES, NARROW, draw


def cloud(name: str, points: Any, labels: Any, names: Sequence[str], x: str, y: str, alt: str) -> Markup:
    """Draw (n, 2) points coloured by label, with each class's name at its median; one path per class keeps it small."""

    def paint(axes: Axes) -> None:
        order = sorted({int(label) for label in labels})
        for label in order:
            own = np.repeat(np.asarray(points, dtype=float)[np.asarray(labels) == label], 2, axis=0)
            path = Path(own, [Path.MOVETO, Path.LINETO] * (len(own) // 2))
            path.should_simplify = False
            colour = CATEGORIES[label % len(CATEGORIES)]
            axes.add_patch(
                PathPatch(
                    path,
                    fill=False,
                    edgecolor=colour,
                    linewidth=2.4,
                    capstyle="round",
                    alpha=0.55,
                    snap=False,
                )
            )
        axes.set_xlim(_range(points[:, 0]))
        axes.set_ylim(_range(points[:, 1]))
        if len(order) <= 20:
            middles = [np.median(points[np.asarray(labels) == label], axis=0) for label in order]
            sizes = [(0.018 * (len(names[label]) + 1), 0.045) for label in order]
            spots = apart(middles, sizes, axes.get_xlim(), axes.get_ylim())
            for label, (left, top) in zip(order, spots, strict=True):
                axes.text(left, top, names[label], ha="center", va="center", weight="bold")
        axes.grid(visible=False)
        axes.set(xlabel=x, ylabel=y, xticks=[], yticks=[])
        axes.spines["bottom"].set_visible(False)

    return draw(name, paint, alt, NARROW, 280)


def apart(
    middles: Sequence[Any], sizes: Sequence[tuple[float, float]], x: tuple[float, float], y: tuple[float, float]
) -> list[tuple[float, float]]:
    """Move labels up until none covers another; ``sizes`` (wide, tall) are shares of the ranges ``x`` and ``y``."""
    span, rise = x[1] - x[0], y[1] - y[0]
    placed: dict[int, tuple[float, float]] = {}
    for i in sorted(range(len(middles)), key=lambda k: float(middles[k][1])):
        left, top = float(middles[i][0]), float(middles[i][1])
        for _ in range(len(middles)):
            hits = [
                other
                for k, other in placed.items()
                if abs(other[0] - left) < (sizes[i][0] + sizes[k][0]) / 2 * span
                and abs(other[1] - top) < sizes[i][1] * rise
            ]
            if not hits:
                break
            top = max(other[1] for other in hits) + sizes[i][1] * rise * 1.001
        placed[i] = (left, top)
    return [placed[i] for i in range(len(middles))]


def _range(values: Any) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    pad = 0.04 * (high - low or 1.0)
    return low - pad, high + pad

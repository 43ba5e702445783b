"""Lines over epochs or trials, each labelled at its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes

from study.report.figures.axes import whole_numbers, wrapped
from study.report.figures.svg import NARROW, ROLES, draw, mark_all


@dataclass(frozen=True)
class Line:
    """A line of a chart. ``role`` is its colour; ``label`` is written at its end; ``mark`` the x of a point to mark."""

    x: Sequence[float]
    y: Sequence[float]
    role: str = "trial"
    label: str = ""
    width: float = 1.4
    dash: bool = False
    mark: float | None = None


def lines(name: str, given: Sequence[Line], x: str, y: str, alt: str, **options: Any) -> Markup:
    """Draw lines over a common x, each labelled at its end; ``tick`` writes a value at the y axis."""

    def paint(axes: Axes) -> None:
        ends: list[tuple[float, float, Line]] = []
        for line in _joined(given):
            if len(line.x) == 1 and not line.label:
                continue
            style: Any = (0, (4, 2)) if line.dash else "-"
            axes.plot(line.x, line.y, color=ROLES[line.role], linewidth=line.width, linestyle=style)
            if len(line.x) == 1 or line.mark is not None:
                at = line.x.index(line.mark) if line.mark in line.x else 0
                axes.plot(
                    [line.x[at]],
                    [line.y[at]],
                    "o",
                    color=ROLES[line.role],
                    markersize=4.5,
                )
            if line.label and len(line.x):
                ends.append((line.x[-1], line.y[-1], line))
        for role in dict.fromkeys(line.role for line in given):
            own = [line for line in given if line.role == role and len(line.x) == 1 and not line.label]
            mark_all(axes, [line.x[0] for line in own], [line.y[0] for line in own], role, 4.5)
        axes.set(xlabel=x, ylabel="")
        axes.set_title(wrapped(y) if options.get("size") else y, color=ROLES["muted"])
        axes.grid(axis="x", visible=False)
        if tick := options.get("tick"):
            axes.yaxis.set_major_formatter(lambda v, _: tick(v))
        whole_numbers(axes)
        _label_ends(axes, ends)

    return draw(name, paint, alt, options.get("width", NARROW), options.get("height", 190), options.get("size"))


def _joined(given: Sequence[Line]) -> list[Line]:
    """Lines of one look that bear no label, as one with gaps: an element for each of hundreds would slow the page."""
    found: list[Line] = []
    for line in given:
        last = found[-1] if found else None
        plain = last is not None and not (line.label or last.label) and len(line.x) > 1
        if last is not None and plain and _look(last) == _look(line):
            gap = [float("nan")]
            found[-1] = replace(last, x=[*last.x, *gap, *line.x], y=[*last.y, *gap, *line.y])
            continue
        found.append(line)
    return found


def _look(line: Line) -> tuple[object, ...]:
    return line.role, line.width, line.dash, line.mark


def _label_ends(axes: Axes, ends: list[tuple[float, float, Line]]) -> None:
    """Write each line's label right of its end, moved apart so that none covers another, none beyond the axes."""
    low, high = axes.get_ylim()
    gap = (high - low) * 0.075
    order = sorted(ends, key=lambda e: (e[1], e[2].label))
    at = [y for _, y, _ in order]
    for i in range(1, len(at)):
        at[i] = max(at[i], at[i - 1] + gap)
    top = high
    for i in reversed(range(len(at))):
        at[i] = min(at[i], top)
        top = at[i] - gap
    for (x, _, line), y in zip(order, at, strict=True):
        axes.annotate(
            line.label,
            (x, y),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            color=ROLES[line.role],
            annotation_clip=False,
        )

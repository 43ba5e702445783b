"""Points over a plane, with a stepped path through some of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes

from study.report.figures.axes import plain_log, signed_ticks, whole_numbers, wrapped
from study.report.figures.svg import NARROW, READABLE, ROLES, draw, mark_all


@dataclass(frozen=True)
class Dots:
    """A group of points. ``ring`` draws them hollow; ``mark`` is matplotlib's marker; ``label`` names them directly."""

    x: Sequence[float]
    y: Sequence[float]
    role: str = "trial"
    label: str = ""
    ring: bool = False
    mark: str = "o"
    size: float = 4.5


@dataclass(frozen=True)
class Plane:
    """What a scatter is drawn over: its axes' names, their scales, and a horizontal ``level`` with its name."""

    x: str
    y: str
    log: bool = False  # of x
    whole: bool = False  # x ticks whole numbers only
    tick: Callable[[float], str] | None = None  # writes a value at the y axis; otherwise y is a signed difference
    level: float | None = None
    level_label: str = ""
    ticks: Sequence[float] = ()  # of x, in place of those that matplotlib picks


def dots(name: str, groups: Sequence[Dots], plane: Plane, alt: str, path: Sequence[tuple[float, float]] = ()) -> Markup:
    """Draw groups of points over a common plane, and a stepped ``path`` through some."""

    def paint(axes: Axes) -> None:
        if plane.level is not None:
            _draw_level(axes, plane.level, plane.level_label)
        if path:
            axes.step(*zip(*path, strict=True), where="post", color=ROLES["good"], linewidth=1.1)
        for group in groups:
            _draw_group(axes, group)
        if plane.log:
            axes.set_xscale("log")
            plain_log(axes)
        if plane.whole:
            whole_numbers(axes)
        if plane.ticks:
            axes.set_xticks(list(plane.ticks))
        axes.set_xlabel(wrapped(plane.x))
        axes.set_title(wrapped(plane.y), color=ROLES["muted"])
        if tick := plane.tick:
            axes.yaxis.set_major_formatter(lambda v, _: tick(v))
        else:
            signed_ticks(axes.yaxis)

    return draw(name, paint, alt, NARROW, 225, READABLE)


def _draw_level(axes: Axes, level: float, label: str) -> None:
    axes.axhline(level, color=ROLES["base"], linewidth=1.1, linestyle=(0, (1, 1.5)))
    axes.annotate(
        label,
        (0, level),
        xycoords=("axes fraction", "data"),
        xytext=(2, 2),
        textcoords="offset points",
        color=ROLES["base"],
        va="bottom",
    )


def _draw_group(axes: Axes, group: Dots) -> None:
    if not len(group.x):
        return
    if group.mark == "o":
        mark_all(axes, group.x, group.y, group.role, group.size, group.ring)
    else:
        fill = ROLES["ground"] if group.ring else ROLES[group.role]
        style: dict[str, Any] = {"mfc": fill, "mec": ROLES[group.role], "mew": 0.9, "markersize": group.size}
        axes.plot(group.x, group.y, group.mark, **style)
    if group.label:
        axes.annotate(
            group.label,
            (group.x[-1], group.y[-1]),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            color=ROLES[group.role],
            weight="bold",
        )

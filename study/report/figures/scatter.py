"""Points over a plane, with a stepped path through some of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from study.report.figures.axes import plain_log, signed_ticks, whole_numbers
from study.report.figures.svg import NARROW, ROLES, draw

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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


def dots(
    name: str,
    groups: Sequence[Dots],
    x: str,
    y: str,
    alt: str,
    *,
    path: Sequence[tuple[float, float]] = (),
    level: float | None = None,
    level_label: str = "",
    log: bool = False,
    percent: bool = False,
    height: float = 200,
    whole: bool = False,
) -> Markup:
    """Draw groups of points over a common plane, a stepped ``path`` through some and a horizontal ``level``."""

    def paint(axes: Axes) -> None:
        if level is not None:
            axes.axhline(level, color=ROLES["base"], linewidth=1.1, linestyle=(0, (1, 1.5)))
        if path:
            axes.step(*zip(*path, strict=True), where="post", color=ROLES["good"], linewidth=1.1)
        for group in groups:
            if not len(group.x):
                continue
            fill = ROLES["ground"] if group.ring else ROLES[group.role]
            axes.plot(
                group.x,
                group.y,
                group.mark,
                mfc=fill,
                mec=ROLES[group.role],
                mew=0.9,
                markersize=group.size,
                linestyle="",
            )
        if log:
            axes.set_xscale("log")
            plain_log(axes)
        axes.set_xlabel(x)
        axes.set_title(y, color=ROLES["muted"])
        if level is not None and level_label:
            axes.annotate(
                level_label,
                (0, level),
                xycoords=("axes fraction", "data"),
                xytext=(2, 2),
                textcoords="offset points",
                color=ROLES["base"],
                fontsize=7.5,
                va="bottom",
            )
        for group in groups:
            if group.label and len(group.x):
                axes.annotate(
                    group.label,
                    (group.x[-1], group.y[-1]),
                    xytext=(5, 0),
                    textcoords="offset points",
                    va="center",
                    color=ROLES[group.role],
                    weight="bold",
                )
        if whole:
            whole_numbers(axes)
        if percent:
            axes.yaxis.set_major_formatter(lambda v, _: f"{100 * v:g} %")
        else:
            signed_ticks(axes.yaxis)

    return draw(name, paint, alt, NARROW, height)

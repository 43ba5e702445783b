"""Scores over one hyperparameter, the trials without a score as ticks under the axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from study.report.figures.axes import plain_log
from study.report.figures.svg import NARROW, ROLES, draw

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def hyperparameter(
    name: str,
    values: Sequence[Any],
    scores: Sequence[float | None],
    states: Sequence[str],
    x: str,
    alt: str,
    *,
    base: tuple[Any, float] | None = None,
    numeric: bool = True,
    log: bool = False,
    best: int | None = None,
) -> Markup:
    """Draw every trial's score over one hyperparameter; trials without a full score as ticks under the axis.

    ``states``: 'complete', 'pruned' or another for one that failed. ``best``: the position of the trial to mark.
    """
    kinds = [] if numeric else list(dict.fromkeys(values))

    def at(i: int) -> float:
        if numeric:
            return float(values[i])
        same = [j for j in range(len(values)) if values[j] == values[i]]
        spread = min(0.28, 0.04 * len(same))
        k = same.index(i)
        return kinds.index(values[i]) + (spread * (2 * ((k * 0.618) % 1) - 1) if len(same) > 1 else 0.0)

    def paint(axes: Axes) -> None:
        from matplotlib.transforms import blended_transform_factory

        if log:
            axes.set_xscale("log")
        full = [i for i, s in enumerate(scores) if s is not None and states[i] == "complete"]
        if base is not None:
            axes.axhline(base[1], color=ROLES["base"], linewidth=1.1, linestyle=(0, (1, 1.5)))
        rest = [i for i in full if i != best]
        axes.plot(
            [at(i) for i in rest], [scores[i] or 0.0 for i in rest], "o", color=ROLES["trial"], markersize=4, alpha=0.8
        )
        if base is not None:
            where = float(base[0]) if numeric else float(kinds.index(base[0]))
            axes.plot([where], [base[1]], "D", mfc=ROLES["ground"], mec=ROLES["base"], mew=1.2, markersize=5.5)
        if best is not None and best in full:
            axes.plot([at(best)], [scores[best] or 0.0], "o", color=ROLES["best"], markersize=6)
        under = blended_transform_factory(axes.transData, axes.transAxes)
        for height, role, mark, own in (
            (-0.035, "muted", "|", [i for i, s in enumerate(states) if s == "pruned"]),
            (-0.085, "bad", "x", [i for i, s in enumerate(states) if s not in ("complete", "pruned")]),
        ):
            axes.plot(
                [at(i) for i in own],
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
        if numeric and log:
            plain_log(axes)
        elif not numeric:
            slanted = len(kinds) > 4 or sum(len(str(k)) for k in kinds) > 30
            axes.set_xticks(
                range(len(kinds)),
                labels=[str(k) for k in kinds],
                rotation=40 if slanted else 0,
                ha="right" if slanted else "center",
                rotation_mode="anchor",
            )
            axes.set_xlim(-0.6, len(kinds) - 0.4)
        axes.tick_params(axis="x", pad=14, length=0)
        axes.set_title(x, color=ROLES["ink"])
        axes.yaxis.set_major_formatter(lambda v, _: f"{100 * v:g} %")
        axes.grid(axis="x", visible=False)

    return draw(name, paint, alt, NARROW, 190)

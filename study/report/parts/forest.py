"""Every complete trial against the baseline, best on top."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from results.analysis.luck import RARE
from study.report import figures
from study.report.blocks import Figure, Note, Section
from study.report.text import text
from study.report.view import View


def forest(view: View) -> Section | None:
    """Every complete trial's difference to the baseline on validation."""
    shown = [t for t in view.ranked if t.compared.as_configured is not None]
    if not shown:
        return None
    rungs = [
        figures.Rung(
            t.label,
            view.shown_raw(t.compared.as_configured),
            view.shown_raw(t.compared.at_equal),
            "best" if t is view.best else "trial",
        )
        for t in shown
    ]
    ends = sorted(view.shown_raw(end) or 0.0 for end in view.band) if view.band else None
    band = (ends[0], ends[1]) if ends else None
    reach = _reach(view)
    chance = _in_sight(view, reach, [rungs[0].full, *(band or ())])
    top = shown[0]
    above = sum(1 for t in shown if (t.compared.as_configured or 0) > 0)
    alt = (
        f"Difference of {len(shown)} complete trials to the baseline on validation. Best: {top.label}, "
        f"{view.amount(top.compared.as_configured).striptags()}. {above} of {len(shown)} lie {view.above} the baseline."
    )
    by_luck = f"by luck in 1 of {RARE} sweeps"
    given = figures.Forest(rungs, band, chance, by_luck, _least(view), lower=bool(view.least))
    axis = f"{view.axis_of_difference('validation')} against the baseline"
    svg = figures.forest("forest", given, axis, alt)
    equal = any(r.equal not in (None, r.full) for r in rungs) or view.meta.prefix
    reading = text(
        "Each row is a complete trial; the line at 0 is the baseline run of the same seed, with the same "
        "split and order. "
        "{}{}{}{}{}",
        view.least,
        "Full dot: both as configured. Ring: both within the same number of epochs, where that differs. "
        if view.equal and equal
        else "",
        "Grey band: where one more run of the baseline would fall in 95 % of cases. "
        if band
        else "There is no grey band because the baseline has one seed only. ",
        _of_reach(view, reach, chance is not None, "the best full dot" if view.equal and equal else "the best"),
        f"Arrows at the {'right' if given.lower else 'left'} lie beyond the edge, at the value beside them."
        if any(given.far(r.full) for r in rungs)
        else "",
    )
    head = Note(
        "info",
        "Exploratory",
        [
            text(
                "The order comes from one run each on validation{}. The best of many is partly chosen for its "
                "luck; only fresh seeds tell.",
                " images" if view.meta.dataset.pictures else "",
            )
        ],
    )
    figure = Figure("forest", "Every complete trial against the baseline", svg, alt, reading)
    return Section("forest", "Every complete trial", [head, figure])


def _reach(view: View) -> float | None:
    """What luck alone reaches in 1 of RARE sweeps of as many unchanged configs, as a gain over the reference run."""
    return None if view.luck is None or view.mean_from_reference is None else view.mean_from_reference + view.luck.rare


def _in_sight(view: View, reach: float | None, others: Sequence[float | None]) -> float | None:
    """The same as it is drawn; None where it would squeeze all else, as with two seeds of the baseline."""
    drawn = view.shown_raw(reach)
    farthest = max((abs(v) for v in others if v is not None), default=0.0)
    return drawn if drawn is not None and abs(drawn) <= 2 * farthest else None


def _of_reach(view: View, reach: float | None, drawn: bool, what: str) -> str:
    """The caption's sentence on it; empty where it is not known."""
    if reach is None or view.luck is None:
        return ""
    where = "Dashed" if drawn else "Beyond the edge"
    return f"{where}: {view.gain(reach)}, which {what} reaches by luck alone in 1 of {RARE} {view.luck.sweeps}. "


def _least(view: View) -> float:
    """How large differences are never drawn as far off: three margins, or without one the trials' median."""
    if view.metric.margin is not None:
        return abs(view.shown_raw(3 * view.metric.margin) or 0.0)
    sizes = [abs(view.shown_raw(t.compared.as_configured) or 0.0) for t in view.ranked]
    return float(np.median(sizes)) if sizes else 0.0

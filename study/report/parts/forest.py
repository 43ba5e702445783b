"""How far each trial got from the baseline: complete ones at their end, pruned ones where they were stopped."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from results.analysis.evidence import Trial
from results.analysis.luck import RARE
from study.report import figures
from study.report.blocks import Block, Figure, Grid, Section, Text
from study.report.text import plural, text
from study.report.view import MOST, View

ROWS = 20
"""Complete trials drawn, the best ones; the leaderboard has all."""


def distances(view: View) -> Section | None:
    """Both figures side by side, and what the order is worth."""
    drawn = [figure for figure in (_complete(view), _pruned(view)) if figure is not None]
    if not drawn:
        return None
    said = text(
        "Exploratory: one run each, on validation, and the best of many is partly luck.{}",
        ""
        if view.meta.prefix or not view.has_epochs
        else " Trials that were to train for another number of epochs than the baseline are compared at their end "
        "only: a shorter training is not the beginning of a longer one.",
    )
    blocks: list[Block] = [Text([said]), Grid(drawn)]
    return Section("forest", "How far from the baseline?", blocks)


def _complete(view: View) -> Figure | None:
    ranked = [t for t in view.ranked if t.compared.as_configured is not None]
    if not ranked:
        return None
    rungs = [
        figures.Rung(
            t.label,
            view.shown_raw(t.compared.as_configured),
            view.shown_raw(t.compared.at_equal),
            "best" if t is view.best else "trial",
        )
        for t in ranked[:ROWS]
    ]
    ends = sorted(view.shown_raw(end) or 0.0 for end in view.band) if view.band else None
    band = (ends[0], ends[1]) if ends else None
    reach = _reach(view)
    chance = _in_sight(view, reach, [rungs[0].full, *(band or ())])
    above = sum(1 for t in ranked if (t.compared.as_configured or 0) > 0)
    alt = (
        f"Difference of {len(ranked)} complete trials to the baseline on validation. Best: {ranked[0].label}, "
        f"{view.amount(ranked[0].compared.as_configured).striptags()}. "
        f"{above} of {len(ranked)} lie {view.above} the baseline."
    )
    given = figures.Forest(rungs, band, chance, f"by luck: 1 in {RARE} sweeps", _least(view), lower=bool(view.least))
    svg = figures.forest("forest", given, f"{view.axis_of_difference('validation')} against the baseline", alt)
    equal = view.equal and (any(r.equal not in (None, r.full) for r in rungs) or view.meta.prefix)
    reading = text(
        "{}{} of {} lie {} the baseline run of their seed (0). {}{}{}{}{}",
        f"The best {ROWS} are drawn. " if len(ranked) > ROWS else "",
        above,
        plural(len(ranked), "complete trial"),
        view.above,
        view.least,
        "Ring: within equal epochs. " if equal else "",
        "Grey: where 95 % of further runs of the baseline would fall. "
        if band
        else "There is no grey band: the baseline has one seed only. ",
        _of_reach(view, reach, chance is not None, "the best full dot" if equal else "the best"),
        f"Arrows at the {'right' if given.lower else 'left'} lie beyond the edge, at the value beside them."
        if any(given.far(r.full) for r in rungs)
        else "",
    )
    return Figure("forest", "Complete trials against the baseline", svg, alt, reading)


def _pruned(view: View) -> Figure | None:
    """When each pruned trial was stopped, and how far ahead of the baseline it was then."""
    everyone = [t for t in view.by_rank if t.record.status == "pruned" and t.compared.at_equal is not None]
    if not everyone:
        return None
    stopped = sorted(everyone[:MOST], key=lambda t: (t.compared.equal_epochs or 0, t.order))
    ahead = sum((t.compared.at_equal or 0) > 0 for t in everyone)
    gains = [t.compared.at_equal or 0.0 for t in stopped]
    limit = view.worst_drawn(gains)
    y = [view.shown_raw(gain if limit is None else max(gain, limit)) or 0.0 for gain in gains]
    alt = (
        f"Difference to the baseline of {plural(len(stopped), 'pruned trial')} at the epoch at which each was stopped; "
        f"{ahead} of {len(everyone)} were {view.above} the baseline"
    )
    plane = figures.Plane(
        "epoch at which it was stopped",
        view.axis_of_difference("validation"),
        whole=True,
        level=0.0,
        ticks=distinct if len(distinct := sorted({t.compared.equal_epochs or 0 for t in stopped})) <= 6 else (),
    )
    svg = figures.dots("pruned", [figures.Dots(_beside(stopped), y, "muted", ring=True)], plane, alt)
    others = len(view.having("pruned")) - len(everyone)
    reading = text(
        "{}{} of {} stood {} the baseline (0) at the epoch at which they were stopped. {}{}{}Rings of one epoch lie "
        "side by side.",
        f"The {MOST} that came farthest are drawn. " if len(everyone) > MOST else "",
        ahead,
        plural(len(everyone), "pruned trial"),
        view.above,
        view.least,
        f"{others:,} more compare with nothing at that epoch. " if others else "",
        f"What is worse than {view.gain(limit)} is drawn at the edge. " if limit is not None else "",
    )
    return Figure("pruned", "Pruned trials, when they were stopped", svg, alt, reading)


def _beside(trials: Sequence[Trial]) -> list[float]:
    """The epoch of each, those of one epoch spread a little so that none covers another."""
    epochs = [t.compared.equal_epochs or 0 for t in trials]
    distinct = sorted(set(epochs))
    wide = 0.3 * min((b - a for a, b in zip(distinct, distinct[1:], strict=False)), default=1)
    seen: dict[int, int] = {}
    found = []
    for epoch in epochs:
        n = seen[epoch] = seen.get(epoch, -1) + 1
        found.append(epoch + wide * (2 * ((0.5 + n * 0.618) % 1) - 1) * (epochs.count(epoch) > 1))
    return found


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
    return f"{where}: {view.gain(reach)}, which {what} reaches by luck in 1 of {RARE} {view.luck.sweeps}. "


def _least(view: View) -> float:
    """How large differences are never drawn as far off: three margins, or without one the trials' median."""
    if view.metric.margin is not None:
        return abs(view.shown_raw(3 * view.metric.margin) or 0.0)
    sizes = [abs(view.shown_raw(t.compared.as_configured) or 0.0) for t in view.ranked]
    return float(np.median(sizes)) if sizes else 0.0

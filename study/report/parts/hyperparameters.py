"""One small plot per hyperparameter, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from results.analysis.evidence import Trial
from results.analysis.importance import FEW, is_log, is_numeric
from study.report import figures
from study.report.blocks import Block, Fold, Grid, Multiples
from study.report.cells import Column, Table
from study.report.text import capital, clean, code, plural, text, value
from study.report.view import View

MOST = 12
"""Hyperparameters drawn, in the order of the config."""

NAMES = 14
"""Categories drawn, of one hyperparameter."""


@dataclass(frozen=True)
class Upright:
    """The upright axis of all plots: scores between ``low`` and ``high``; what is worse is drawn at the edge."""

    low: float
    high: float
    clipped: bool

    def within(self, score: float) -> float:
        """The score, none beyond the edge."""
        return max(score, self.low)


def scored(view: View) -> list[Trial]:
    """The trials of the page that have a score: complete ones at their end, pruned ones as far as they came."""
    return [t for t in view.shown if t.record.score is not None and t.record.status in ("complete", "pruned")]


def upright(view: View, trials: list[Trial]) -> Upright:
    """As far as complete trials and the baseline reach, and below them as far again for those that were pruned."""
    own = [t.record.score or 0.0 for t in trials]
    known = [t.record.score or 0.0 for t in trials if t.record.status == "complete"] or own
    limit = view.worst_drawn(known)
    run = view.reference
    known = [s if limit is None else max(s, limit) for s in known]
    if run is not None and run.score is not None:
        known += [run.score, *((run.score + end) for end in view.band or ())]
    low, high = min(known), max(known)
    floor = max(min([low, *own]), low - (high - low))
    return Upright(floor, max([high, *own]), any(s < floor for s in own))


def effects(view: View) -> list[Block]:
    """Every trial's validation score over each hyperparameter's value."""
    trials = scored(view)
    if not trials or not view.varying:
        return []
    axis, fields = upright(view, trials), view.varying[:MOST]
    what = view.metric.axis(view.metric.what("validation"))
    more = len(view.varying) - len(fields)
    caption = text(
        "Upright: {}. {}Dot: a complete trial. {}{}Diamond and dotted line: the baseline{}. {}{}{}The others "
        "vary too: a slope may be another's.",
        what,
        view.least,
        "Large: the best. " if view.best else "",
        "Ring: a pruned one, when it was stopped. " if view.having("pruned") else "",
        "; grey: 95 % of its further runs" if view.band else "",
        view.beyond(axis.low) if axis.clipped else "",
        f"Drawn: {view.of_all}. " if view.of_all else "",
        f"{more} more hyperparameters vary and are not drawn. " if more else "",
    )
    drawn = [(code(f, 40), *_plot(view, trials, axis, i, f)) for i, f in enumerate(fields)]
    tables: list[Any] = [_numbers(view, field) for field in fields]
    return [Multiples("effects", caption, drawn), Fold("The numbers", [Grid(tables)])]


def _plot(view: View, trials: list[Trial], axis: Upright, order: int, field: str) -> tuple[Markup, bool]:
    """Its drawing, and whether that is twice as wide."""
    own = [t for t in trials if field in t.record.config]
    values: list[Any] = [t.record.config[field] for t in own]
    known, base = field in view.meta.baseline, view.meta.baseline.get(field)
    numbers = is_numeric([*values, base] if known else values)
    numeric = numbers and len({*map(float, values)}) > FEW
    log = numeric and is_log([float(v) for v in values])
    run = view.reference
    anchor = (base, view.raw(run.score) or 0.0) if known and run is not None and run.score is not None else None
    if not numeric:
        anchor = (_name(base), anchor[1]) if anchor else None
        names = _names([*values, base] if anchor else values, numbers, anchor[0] if anchor else None)
        own = [t for t in own if _name(t.record.config[field]) in names]
        own.sort(key=lambda t: (names.index(_name(t.record.config[field])), t.order))
        values = [_name(t.record.config[field]) for t in own]
        if anchor and anchor[0] not in values:
            anchor = (None, anchor[1])
    elif log and anchor and not (isinstance(base, int | float) and base > 0):
        anchor = (None, anchor[1])
    alt = f"{capital(view.metric.what('validation'))} over {clean(field, 40)} for {plural(len(own), 'trial')}"
    ends = sorted(view.raw(s) or 0.0 for s in (axis.low, axis.high))
    band = None
    if view.band and run is not None and run.score is not None:
        low, high = sorted(view.raw(run.score + end) or 0.0 for end in view.band)
        band = (low, high)
    given = figures.Values(
        values,
        [view.raw(axis.within(t.record.score or 0.0)) or 0.0 for t in own],
        [t.record.status for t in own],
        base=anchor,
        band=band,
        best=next((i for i, t in enumerate(own) if t is view.best), None),
        numeric=numeric,
        log=log,
        ends=(ends[0], ends[1]),
    )
    return figures.hyperparameter(f"effect-{order}", given, alt, view.metric.tick), given.lying


def _name(setting: object) -> str:
    return clean(value(setting), 24)


def _names(values: list[Any], numbers: bool, first: str | None) -> list[str]:
    """The categories in the order of all plots: numbers by size, names with the baseline's first."""
    size = {_name(v): float(v) if numbers else 0.0 for v in values}
    order = sorted(size, key=lambda name: (size[name], not numbers and first is not None and name != first, name))
    return order[:NAMES]


def _numbers(view: View, field: str) -> Table:
    """Median and best validation score of complete trials by value, numbers in three groups; over all trials."""
    own = [t for t in view.trials if field in t.record.config]
    groups = _groups(own, field)
    complete = set(map(id, view.ranked))
    scores = {name: [t.record.score or 0.0 for t in own if id(t) in complete] for name, own in groups.items()}

    def count(name: str, *statuses: str) -> str:
        return f"{sum(t.record.status in statuses for t in groups[name]):,}"

    columns: list[Column] = [
        Column("Value", lambda name: name),
        Column("Complete", lambda name: f"{len(scores[name]):,}", numeric=True),
        Column("Median", lambda n: view.score(float(np.median(scores[n]))) if scores[n] else "–", numeric=True),
        Column("Best", lambda name: view.score(max(scores[name])) if scores[name] else "–", numeric=True),
        Column("Pruned", lambda name: count(name, "pruned"), numeric=True, when=view.has_epochs),
        Column("Failed", lambda name: count(name, "failed", "diverged"), numeric=True),
    ]
    return Table.of(text("Trials by {}", code(field, 40)), groups, columns, compact=True)


def _groups(own: list[Trial], field: str) -> dict[str, list[Trial]]:
    values = [t.record.config[field] for t in own]
    numbers = is_numeric(values)
    groups: dict[str, list[Trial]] = {}
    if not numbers or len({*map(float, values)}) <= FEW:
        names = _names(values, numbers, None)
        for t in sorted(own, key=lambda t: t.order):
            name = _name(t.record.config[field])
            groups.setdefault(name if name in names else "others", []).append(t)
        return {name: groups[name] for name in [*names, "others"] if name in groups}
    order = sorted(own, key=lambda t: (float(t.record.config[field]), t.order))
    for part in np.array_split(np.arange(len(order)), 3):
        if len(part):
            ends = [value(order[i].record.config[field]) for i in (part[0], part[-1])]
            groups.setdefault(" to ".join(dict.fromkeys(ends)), []).extend(order[i] for i in part)
    return groups

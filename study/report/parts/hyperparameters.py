"""One small plot per hyperparameter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from results.analysis.evidence import Trial
from results.analysis.importance import (
    FEW,
    LEAST,
    Alike,
    as_configured,
    is_log,
    is_numeric,
    within_equal_epochs,
)
from results.analysis.scores import score_within
from study.report import figures
from study.report.blocks import Block, Cell, Column, Figure, Grid, Row, Section, Table, Text
from study.report.text import capital, clean, code, plural, text, value
from study.report.view import View

MOST = 12
"""Hyperparameters drawn; a space of more shows those first that vary in most trials."""


@dataclass(frozen=True)
class Scale:
    """What the dots of a group of plots are: the scores of trials that compare, and the baseline's."""

    name: str
    epochs: int | None
    scores: dict[str, float]
    base: float | None
    limit: float | None  # what is worse is drawn at the edge

    def of(self, trial: Trial) -> float | None:
        """The trial's score; None where it has none on this scale."""
        return self.scores.get(trial.record.run_id)


def _scale(view: View, name: str, alike: Alike) -> Scale:
    scores = dict(zip((r.run_id for r in alike.records), alike.scores, strict=True))
    run = view.reference
    base = None
    if run is not None:
        base = run.score if alike.epochs is None else score_within(run, alike.epochs)
    known = [*scores.values(), *([] if base is None else [base])]
    return Scale(name, alike.epochs, scores, base, view.worst_drawn(known))


def effects(view: View) -> Section | None:
    """One plot per hyperparameter: every complete trial's validation score over its value."""
    if not view.ranked or not view.varying:
        return None
    said = text(
        "Each plot shows every trial over one hyperparameter while all the others vary too: a slope may be another's. "
        "Ticks under the axis are trials without a full score: {}{} failed or diverged (crosses).",
        f"{len(view.having('pruned'))} pruned, " if view.has_epochs else "",
        len(view.having("failed", "diverged")),
    )
    scale = _scale(view, "effect", as_configured([t.record for t in view.trials]))
    drawn = [_effect(view, scale, i, field) for i, field in enumerate(view.varying[:MOST])]
    blocks: list[Block] = [Text([said]), Grid(drawn)]
    if len(view.varying) > MOST:
        blocks.append(Text([text("{} more hyperparameters vary and are not drawn.", len(view.varying) - MOST)]))
    return Section("hyperparameter-effects", "One hyperparameter at a time", blocks)


def early(view: View) -> Section | None:
    """The same within equal epochs, pruned trials included, where too few trials are complete to show much."""
    alike = within_equal_epochs([t.record for t in view.trials], view.meta.prefix)
    if alike is None or alike.epochs is None or len(view.ranked) >= LEAST:
        return None
    said = text(
        "Only {} had the whole training. Here are {} within {}, pruned ones included: what starts well, which need not "
        "end well.",
        plural(len(view.ranked), "trial"),
        len(alike.records),
        plural(alike.epochs, "epoch"),
    )
    scale = _scale(view, "early", alike)
    fields = [f for f in view.varying if f != "epochs"][:MOST]
    drawn = [_effect(view, scale, i, field) for i, field in enumerate(fields)]
    title = f"One hyperparameter at a time, within {plural(alike.epochs, 'epoch')}"
    return Section("hyperparameter-early", title, [Text([said]), Grid(drawn)])


def _effect(view: View, scale: Scale, order: int, field: str) -> Figure:
    own = [t for t in view.trials if field in t.record.config]
    values = [t.record.config[field] for t in own]
    known = field in view.meta.baseline
    base = view.meta.baseline.get(field)
    numbers = is_numeric([*values, base] if known else values)
    numeric = numbers and len({*map(float, values)}) > FEW
    table = _numbers(view, field, scale, own, numeric)
    shown: list[Any] = values
    middle = view.raw(_within(scale.base, scale.limit))
    anchor = (base, middle) if known and middle is not None else None
    if not numeric:
        anchor = (_name(base), anchor[1]) if anchor else None
        names = _names([*values, base] if anchor else values, numbers, anchor[0] if anchor else None)
        kept = [t for t in own if _name(t.record.config[field]) in names]
        own = sorted(kept, key=lambda t: (names.index(_name(t.record.config[field])), t.order))
        shown = [_name(t.record.config[field]) for t in own]
        anchor = anchor if anchor and anchor[0] in shown else None
    scores = [scale.of(t) for t in own]
    of = "complete trials" if scale.epochs is None else f"trials within {plural(scale.epochs, 'epoch')}"
    alt = (
        f"{capital(view.metric.what('validation'))} over {clean(field, 40)} for "
        f"{sum(s is not None for s in scores)} {of}; the numbers are below"
    )
    given = figures.Values(
        shown,
        [view.raw(_within(s, scale.limit)) for s in scores],
        ["complete" if s is not None else t.record.status for t, s in zip(own, scores, strict=True)],
        base=anchor,
        best=next((i for i, t in enumerate(own) if t is view.best), None),
        numeric=numeric,
        log=numeric and is_log([float(v) for v in values]),
    )
    svg = figures.hyperparameter(f"{scale.name}-{order}", given, clean(field, 40), alt, view.metric.tick)
    upright = "" if view.metric.is_accuracy else f"Upright: {view.metric.axis(view.metric.what('validation'))}. "
    reading = (
        f"{upright}{view.least}Diamond and dotted line: the baseline. Large dot: the best trial. "
        f"{view.beyond(scale.limit)}"
    ).strip()
    return Figure(f"{scale.name}-{order}", code(field, 40), svg, alt, reading, table)


def _within(score: float | None, limit: float | None) -> float | None:
    return score if score is None or limit is None else max(score, limit)


def _name(setting: object) -> str:
    return clean(value(setting), 24)


def _names(values: list[Any], numbers: bool, first: str | None) -> list[str]:
    """At most 14 categories in the order of all plots: numbers by size, names with the baseline's first."""
    size = {_name(v): float(v) if numbers else 0.0 for v in values}
    return sorted(size, key=lambda name: (size[name], not numbers and first is not None and name != first, name))[:14]


def _numbers(view: View, field: str, scale: Scale, own: list[Trial], numeric: bool) -> Table:
    """Median and best validation score of scored trials by value, numbers in three groups of equal size."""
    groups: dict[str, list[Trial]] = {}
    if numeric:
        order = sorted(own, key=lambda t: (float(t.record.config[field]), t.order))
        distinct = sorted({float(t.record.config[field]) for t in own})
        if len(distinct) <= FEW:
            for t in order:
                groups.setdefault(value(t.record.config[field]), []).append(t)
        else:
            for part in np.array_split(np.arange(len(order)), 3):
                if len(part):
                    ends = [value(order[i].record.config[field]) for i in (part[0], part[-1])]
                    groups.setdefault(" to ".join(dict.fromkeys(ends)), []).extend(order[i] for i in part)
    else:
        for t in own:
            groups.setdefault(clean(value(t.record.config[field]), 24), []).append(t)
    rows = []
    pruned = [("pruned",)] if view.has_epochs else []
    for name, members in groups.items():
        full = [score for t in members if (score := scale.of(t)) is not None]
        rest = [t for t in members if scale.of(t) is None]
        other = [sum(t.record.status in s for t in rest) for s in (*pruned, ("failed", "diverged"))]
        rows.append(
            Row(
                [
                    Cell(name),
                    Cell(str(len(full))),
                    Cell(view.score(float(np.median(full))) if full else "–"),
                    Cell(view.score(max(full)) if full else "–"),
                    *(Cell(str(n)) for n in other),
                ]
            )
        )
    columns = [
        Column("Value"),
        Column("Complete" if scale.epochs is None else "Trials", numeric=True),
        Column("Median", numeric=True),
        Column("Best", numeric=True),
        *([Column("Pruned" if scale.epochs is None else "Pruned earlier", numeric=True)] if pruned else []),
        Column("Failed", numeric=True),
    ]
    return Table(text("Trials by {}", code(field, 40)), columns, rows, compact=True)

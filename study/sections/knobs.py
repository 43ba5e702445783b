"""The chapter that asks: which knob matters."""

from __future__ import annotations

from typing import Any

import numpy as np

from results.importance import LEAST, importance, is_log, is_numeric
from study import figures
from study.sections.blocks import Block, Cell, Column, Figure, Grid, Note, Row, Section, Table, Text
from study.sections.text import clean, code, percent, plural, text, value
from study.sections.view import Trial, View

NAME, QUESTION, SHORT = "knobs", "Which knob matters?", "Knobs"
MOST = 12
"""Knobs drawn; a space of more shows those first that vary in most trials."""


def effects(view: View) -> Section | None:
    """One plot per knob: every complete trial's validation accuracy over the knob's value."""
    if not view.ranked or not view.knobs:
        return None
    said = text(
        "Each plot shows every trial over one knob while all the others vary too: a slope may belong to another knob. "
        "Ticks under the axis are trials without a full score: {} pruned, {} failed or diverged (crosses).",
        len(view.having("pruned")),
        len(view.having("failed", "diverged")),
    )
    drawn = [_knob(view, i, field) for i, field in enumerate(view.knobs[:MOST])]
    blocks: list[Block] = [Text([said]), Grid(drawn)]
    if len(view.knobs) > MOST:
        blocks.append(Text([text("{} more knobs vary and are not drawn.", len(view.knobs) - MOST)]))
    return Section("knob-effects", "One knob at a time", blocks)


def _knob(view: View, order: int, field: str) -> Figure:
    own = [t for t in view.trials if field in t.record.config]
    values = [t.record.config[field] for t in own]
    base = view.meta.baseline.get(field)
    run = view.reference
    numbers = is_numeric([*values, base] if field in view.meta.baseline else values)
    numeric = numbers and len({*map(float, values)}) > 6
    shown: list[Any] = values if numeric else [clean(value(v), 24) for v in values]
    at_base = run.val_accuracy if run is not None and field in view.meta.baseline else None
    anchor: tuple[Any, float] | None = None
    if at_base is not None:
        anchor = (base if numeric else clean(value(base), 24), at_base)
    if not numeric:  # one order for all: numbers by size, names with the baseline's first
        rank = {
            clean(value(v), 24): (float(v) if numbers else 0.0)
            for v in ([*values, base] if anchor is not None else values)
        }
        names = sorted(rank, key=lambda v: (rank[v], not numbers and anchor is not None and v != anchor[0], v))
        order_of = {v: i for i, v in enumerate(names)}
        if len(names) > 14:
            keep = set(names[:14])
            pairs = [(t, v) for t, v in zip(own, shown, strict=True) if v in keep]
            own, shown = [t for t, _ in pairs], [v for _, v in pairs]
        together = sorted(zip(own, shown, strict=True), key=lambda p: (order_of[p[1]], p[0].order))
        own, shown = [t for t, _ in together], [v for _, v in together]
        if anchor and anchor[0] not in shown:
            anchor = None
    scores = [t.record.val_accuracy if t.record.status == "complete" else None for t in own]
    best = next((i for i, t in enumerate(own) if t is view.best), None)
    table = _numbers(field, own, numeric)
    alt = (
        f"Validation accuracy over {clean(field, 40)} for {sum(s is not None for s in scores)} complete "
        f"trials; the numbers are below"
    )
    log = numeric and is_log([float(v) for v in values])
    svg = figures.knob(
        f"knob-{order}",
        shown,
        scores,
        [t.record.status for t in own],
        clean(field, 40),
        alt,
        base=anchor,
        numeric=numeric,
        log=log,
        best=best,
    )
    reading = "Diamond and dotted line: the baseline. Large dot: the best trial."
    return Figure(f"knob-{order}", code(field, 40), svg, alt, reading, table)


def _numbers(field: str, own: list[Trial], numeric: bool) -> Table:
    """Median and best validation accuracy of complete trials by value, numbers in three groups of equal size."""
    groups: dict[str, list[Trial]] = {}
    if numeric:
        order = sorted(own, key=lambda t: (float(t.record.config[field]), t.order))
        distinct = sorted({float(t.record.config[field]) for t in own})
        if len(distinct) <= 6:
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
    for name, members in groups.items():
        full = [
            t.record.val_accuracy
            for t in members
            if t.record.status == "complete" and t.record.val_accuracy is not None
        ]
        other = [sum(t.record.status in s for t in members) for s in (("pruned",), ("failed", "diverged"))]
        rows.append(
            Row(
                [
                    Cell(name),
                    Cell(str(len(full))),
                    Cell(percent(float(np.median(full))) if full else "–"),
                    Cell(percent(max(full)) if full else "–"),
                    *(Cell(str(n)) for n in other),
                ]
            )
        )
    columns = [
        Column("Value"),
        Column("Complete", numeric=True),
        Column("Median", numeric=True),
        Column("Best", numeric=True),
        Column("Pruned", numeric=True),
        Column("Failed", numeric=True),
    ]
    return Table(text("Trials by {}", code(field, 40)), columns, rows, compact=True)


def shares(view: View) -> Section | None:
    """Importance of each knob, where there are enough complete trials to speak of it."""
    if not view.trials:
        return None
    complete = view.ranked
    if len(complete) < LEAST:
        note = text(
            "Importance is not shown: it needs {} complete trials and there {} {}. A ranking of knobs from "
            "fewer is close to a "
            "ranking of chance.",
            LEAST,
            "is" if len(complete) == 1 else "are",
            len(complete),
        )
        return Section("importance", "Importance", [Note("info", "Too few trials", [note])])
    found = importance([t.record.config for t in complete], [t.record.val_accuracy or 0.0 for t in complete])
    if not found:
        return None
    labels = [clean(i.field, 40) for i in found]
    alt = "Importance: " + ", ".join(f"{n} {percent(i.share, 0)}" for n, i in zip(labels, found, strict=True))
    svg = figures.bars(
        "importance",
        labels,
        [i.share for i in found],
        [i.low for i in found],
        [i.high for i in found],
        "share of importance",
        alt,
    )
    rows = [
        Row([Cell(code(i.field, 40)), Cell(percent(i.share, 1)), Cell(f"{percent(i.low, 1)} to {percent(i.high, 1)}")])
        for i in found
    ]
    table = Table(
        "Importance by knob",
        [Column("Knob"), Column("Share", numeric=True), Column("Range", numeric=True)],
        rows,
        compact=True,
    )
    reading = text(
        "PED-ANOVA over {}: how much each knob sets the better trials apart from the rest. The line is the range when "
        "a random fifth of the trials is left out.",
        plural(len(complete), "complete trial"),
    )
    epochs = " Epochs are one of the knobs: a larger budget counts as a cause." if "epochs" in view.knobs else ""
    caveat = text(
        "It describes the trials that the sampler chose and the scheduler let through, {} of {}; it names no "
        "direction, proves no "
        "cause, and knobs that are pruned away early look unimportant.{}",
        len(complete),
        len(view.trials),
        epochs,
    )
    return Section(
        "importance",
        "Importance",
        [Note("warn", "Read with care", [caveat]), Figure("importance", "Importance", svg, alt, reading, table)],
    )


SECTIONS = [effects, shares]

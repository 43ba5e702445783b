"""Which hyperparameter the sweep's scores depend on."""

from __future__ import annotations

from results.analysis.importance import LEAST, Alike, Importance, comparable, importance
from study.report import figures
from study.report.blocks import Block, Figure, Fold, Text
from study.report.cells import Column, Table
from study.report.text import clean, code, percent, plural, text
from study.report.view import View


def shares(view: View) -> list[Block]:
    """Importance of each hyperparameter in a fold, or a line on why there is none."""
    if not view.varying:
        return []
    alike = comparable([t.record for t in view.trials], view.meta.prefix)
    if alike is None:
        said = text(
            "Importance of hyperparameters is not shown: it needs {} trials that compare, and {} complete.",
            LEAST,
            plural(len(view.ranked), "is", "are"),
        )
        return [Fold("Importance: too few trials", [Text([said])], "importance")]
    found = importance(alike.configs, alike.scores)
    if not found:
        return []
    first = text(
        "Importance{}: {} first with {} of it",
        f" within {plural(alike.epochs, 'epoch')}" if alike.epochs else "",
        code(found[0].field, 40),
        percent(found[0].share, 0),
    )
    return [Fold(first, [_figure(view, alike, found)], "importance")]


def _figure(view: View, alike: Alike, found: list[Importance]) -> Figure:
    labels = [clean(i.field, 40) for i in found]
    alt = "Importance: " + ", ".join(f"{n} {percent(i.share, 0)}" for n, i in zip(labels, found, strict=True))
    low, high = [i.low for i in found], [i.high for i in found]
    svg = figures.bars("importance", labels, [i.share for i in found], low, high, "share of importance", alt)
    columns: list[Column] = [
        Column("Hyperparameter", lambda i: code(i.field, 40)),
        Column("Share", lambda i: percent(i.share, 1), numeric=True),
        Column("Range", lambda i: f"{percent(i.low, 1)} to {percent(i.high, 1)}", numeric=True),
    ]
    reading = text(
        "PED-ANOVA over {}: how much each hyperparameter sets the better trials apart from the rest. The line is the "
        "range when a random fifth of the trials is left out. It describes the trials that the sampler chose{}{}, "
        "names no direction and proves no cause.{}",
        f"{len(alike.records):,} complete trials"
        if alike.epochs is None
        else f"{len(alike.records):,} trials within {plural(alike.epochs, 'epoch')}",
        " and the scheduler let through" if view.has_epochs else "",
        f", at the start of training ({len(view.ranked):,} had the whole): what pays off late looks unimportant"
        if alike.epochs
        else "",
        " Epochs are one of the hyperparameters: a larger budget counts as a cause."
        if alike.epochs is None and "epochs" in view.varying
        else "",
    )
    table = Table.of("Importance by hyperparameter", found, columns, compact=True)
    return Figure("importance", "Importance", svg, alt, reading, table)

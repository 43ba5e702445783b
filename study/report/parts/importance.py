"""Which hyperparameter the sweep's scores depend on."""

from __future__ import annotations

from markupsafe import Markup

from results.analysis.importance import LEAST, Alike, comparable, importance
from study.report import figures
from study.report.blocks import Cell, Column, Figure, Note, Row, Section, Table
from study.report.text import clean, code, percent, plural, text
from study.report.view import View


def shares(view: View) -> Section | None:
    """Importance of each hyperparameter, where there are enough trials that compare to speak of it."""
    if not view.trials:
        return None
    alike = comparable([t.record for t in view.trials], view.meta.prefix)
    if alike is None:
        n = len(view.ranked)
        note = text(
            "Importance is not shown: it needs {} trials that compare and there {} {} complete. A ranking "
            "from fewer is close to a ranking of chance.",
            LEAST,
            "is" if n == 1 else "are",
            n,
        )
        return Section("importance", "Importance", [Note("info", "Too few trials", [note])])
    found = importance(alike.configs, alike.scores)
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
        "Importance by hyperparameter",
        [Column("Hyperparameter"), Column("Share", numeric=True), Column("Range", numeric=True)],
        rows,
        compact=True,
    )
    reading = text(
        "PED-ANOVA over {}: how much each hyperparameter sets the better trials apart from the rest. The line is the "
        "range when a random fifth of the trials is left out.",
        plural(len(alike.records), "complete trial")
        if alike.epochs is None
        else f"{plural(len(alike.records), 'trial')} within {plural(alike.epochs, 'epoch')}",
    )
    return Section(
        "importance",
        "Importance" if alike.epochs is None else f"Importance within {plural(alike.epochs, 'epoch')}",
        [
            Note("warn", "Read with care", [_caveat(view, alike)]),
            Figure("importance", "Importance", svg, alt, reading, table),
        ],
    )


def _caveat(view: View, alike: Alike) -> Markup:
    if alike.epochs is not None:
        return text(
            "It describes the start of training, {}, since only {} had the whole: a hyperparameter that pays off late "
            "looks unimportant here. It names no direction and proves no cause.",
            plural(alike.epochs, "epoch"),
            plural(len(view.ranked), "trial"),
        )
    epochs = (
        " Epochs are one of the hyperparameters: a larger budget counts as a cause." if "epochs" in view.varying else ""
    )
    return text(
        "It describes the trials that the sampler chose{}, {} of {}; it names no direction, proves no cause{}.{}",
        " and the scheduler let through" if view.has_epochs else "",
        len(alike.records),
        len(view.trials),
        ", and hyperparameters whose bad values are pruned early look unimportant" if view.has_epochs else "",
        epochs,
    )

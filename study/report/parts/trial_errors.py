"""Where a trial errs otherwise than the baseline."""

from __future__ import annotations

import numpy as np

from results.analysis.evidence import Trial
from results.record import Record
from study.report import confusion
from study.report.blocks import Block, Cell, Column, Grid, Pictures, Row, Table, Text
from study.report.parts.class_changes import Change, change, flagged_sentence, pair_of_matrices
from study.report.parts.pictures import picture
from study.report.text import signed, strong, text
from study.report.view import View

THUMBNAILS = 8


def complete(view: View, trial: Trial, noise: np.ndarray | None, whole: bool) -> list[Block]:
    """Show where a complete trial errs: matrices side by side, else the classes that moved most."""
    found = change(view, trial, noise)
    if found is None:
        return []
    blocks: list[Block] = []
    if found.noise is not None:
        blocks.append(Text([flagged_sentence(view, found)]))
    if whole and len(view.classes) <= confusion.WIDEST:
        pair = pair_of_matrices(view, trial, found)
        for matrix in pair:
            matrix.legend = ()
        blocks.append(Grid(list(pair)))
    else:
        blocks.append(_moves(view, found))
    return blocks


def _moves(view: View, found: Change) -> Block:
    """The confusions that changed most, where whole matrices would be too much."""
    mine, step = found.mine, found.mine - found.its
    order = np.argsort(-np.abs(step), axis=None, kind="stable")[:5]
    pairs = [divmod(int(i), len(step)) for i in order]
    rows = [
        Row([Cell(view.classes[a]), Cell(view.classes[b]), Cell(signed(int(step[a, b]))), Cell(str(int(mine[a, b])))])
        for a, b in pairs
    ]
    columns = [Column("Truth"), Column("Taken for"), Column("Change", numeric=True), Column("Now", numeric=True)]
    return Table(f"Largest changes against the baseline, test {view.members}", columns, rows, compact=True)


def pruned(view: View, trial: Trial, whole: bool) -> list[Block]:
    """The validation matrix at the last epoch and its difference to the baseline's at the same epoch."""
    base, n = trial.compared.baseline, trial.compared.equal_epochs
    if base is None or n is None or not whole or len(view.classes) > confusion.WIDEST:
        return []
    mine = view.matrix(trial.record.val_confusion.get(str(n)))
    its = view.matrix(base.val_confusion.get(str(n)))
    if mine is None or its is None:
        return []
    counts = confusion.counts(
        mine, view.classes, text("{} after epoch {}, validation {}", trial.label, n, view.members)
    )
    counts.legend = ()
    if (mine.sum(axis=1) != its.sum(axis=1)).any():  # another seed, hence another split: counts do not subtract
        return [counts]
    step = confusion.signed_counts(
        mine, its, view.classes, text("Minus the baseline after epoch {}, {}", n, view.members)
    )
    step.legend = ()
    return [Grid([counts, step])]


def _right(view: View, record: Record | None) -> np.ndarray | None:
    """(test examples,) bool: which a classifier named correctly; None where the record does not say."""
    bits = record.test_examples if record is not None and record.test_confusion is not None else None
    return bits.array() if bits is not None and bits.kind == "bits" and view.metric.is_accuracy else None


def moved_examples(view: View, trial: Trial) -> list[Block]:
    """The test examples it gained and lost against the baseline, surest first; counts alone without pictures."""
    base = trial.compared.baseline
    mine, its = _right(view, trial.record), _right(view, base)
    if mine is None or its is None or len(mine) != len(its):
        return []
    gained, lost = np.flatnonzero(mine & ~its), np.flatnonzero(~mine & its)
    said = text(
        "Of {} test {} it gains {} that the baseline gets wrong and loses {} that it gets right.",
        f"{len(mine):,}",
        view.members,
        strong(f"{len(gained):,}"),
        strong(f"{len(lost):,}"),
    )
    blocks: list[Block] = [Text([said])]
    predictions, images = view.predictions(trial.record.run_id), view.images
    if predictions is None or images is None or len(images) != len(mine) or len(predictions.labels) != len(mine):
        return blocks
    sure, taken = predictions.probabilities.max(axis=1), predictions.probabilities.argmax(axis=1)
    for index, caption in ((gained, "Gained, surest first"), (lost, "Lost, surest first")):
        first = index[np.argsort(-sure[index], kind="stable")][:THUMBNAILS]
        items = [
            picture(images[i], view, int(predictions.labels[i]), int(taken[i]), float(sure[i]), f"Test image {i}")
            for i in first
        ]
        if items:
            blocks.append(Pictures(caption, items))
    return blocks

"""Where the baseline's errors are."""

from __future__ import annotations

import numpy as np

from results.analysis.noise import wilson
from study.report import confusion, figures
from study.report.blocks import Block, Cell, Column, Figure, Row, Section, Table, Text
from study.report.text import capital, clean, percent, plural, text
from study.report.view import View


def confusion_matrix(view: View) -> Section | None:
    """The baseline's confusion matrix on the test set, and its most confused pairs in a sentence."""
    run = view.reference
    matrix = view.matrix(run.test_confusion) if run else None
    if run is None or matrix is None:
        return None
    said = confusion.pair_sentence(confusion.confused_pairs(matrix), view.classes, view.member)
    blocks: list[Block] = [Text([said])]
    if len(view.classes) <= confusion.WIDEST:
        caption = text(
            "The baseline on {} test {}, seed {}",
            f"{int(matrix.sum()):,}",
            view.members,
            run.seed,
        )
        blocks.append(confusion.counts(matrix, view.classes, caption))
    else:
        blocks.append(pair_table(confusion.confused_pairs(matrix, 30), view))
    return Section("confusion", "Confusion matrix of the baseline", blocks)


def pair_table(pairs: list[confusion.Confused], view: View) -> Table:
    """The most confused pairs as a table, for datasets of many classes."""
    rows = [
        Row(
            [
                Cell(view.classes[p.truth]),
                Cell(view.classes[p.taken]),
                Cell(f"{p.count}"),
                Cell(f"{p.support:,}"),
            ]
        )
        for p in pairs
    ]
    columns = [
        Column("Truth"),
        Column("Taken for"),
        Column(capital(view.members), numeric=True),
        Column("Of", numeric=True),
    ]
    caption = text(
        "The {} of {} classes that are confused most",
        plural(len(pairs), "pair"),
        len(view.classes),
    )
    return Table(caption, columns, rows)


def recall(view: View) -> Section | None:
    """The share of each class's test images that the baseline gets right, with Wilson's 95 % interval."""
    run = view.reference
    matrix = view.matrix(run.test_confusion) if run else None
    if run is None or matrix is None:
        return None
    right, support = np.diag(matrix), matrix.sum(axis=1)
    low, high = np.array([wilson(int(r), int(n)) for r, n in zip(right, support, strict=True)]).T
    share = np.divide(right, support, out=np.zeros(len(right)), where=support > 0)
    order = sorted(range(len(share)), key=lambda i: (-share[i], i))
    names = [clean(view.class_names[i], 24) for i in order]
    rows = [
        Row(
            [
                Cell(view.classes[i]),
                Cell(percent(share[i], 1)),
                Cell(f"{percent(low[i], 1)} to {percent(high[i], 1)}"),
                Cell(f"{right[i]:,} of {support[i]:,}"),
            ]
        )
        for i in order
    ]
    columns = [
        Column("Class"),
        Column("Recall", numeric=True),
        Column("95 % interval (Wilson)", numeric=True),
        Column(capital(view.members), numeric=True),
    ]
    table = Table(f"Recall of each class on the test {view.members}", columns, rows, name="recall-table")
    if len(order) > 40:
        return Section("recall", "Recall of each class", [table])
    alt = (
        f"Recall by class: highest {names[0]} {percent(share[order[0]], 1)}, lowest {names[-1]} "
        f"{percent(share[order[-1]], 1)}"
    )
    drawn = figures.intervals(
        "recall",
        names,
        share[order].tolist(),
        low[order].tolist(),
        high[order].tolist(),
        "share of the class found",
        alt,
    )
    reading = text(
        "The dot is the share of the class's test {0} that the baseline names correctly; the line is Wilson's 95 % "
        "interval for {1} {0}. It covers the choice of {0}, not that of the seed.",
        view.members,
        f"{int(support.min()):,}" if support.min() == support.max() else f"{support.min():,} to {support.max():,}",
    )
    return Section(
        "recall",
        "Recall of each class",
        [Figure("recall", "Recall on the test set", drawn, alt, reading, table)],
    )

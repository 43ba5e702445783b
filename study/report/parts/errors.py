"""Where the baseline's errors are."""

from __future__ import annotations

import numpy as np

from results.analysis.noise import wilson
from study.report import confusion, figures
from study.report.blocks import Block, Figure, Fold, Section, Text
from study.report.cells import Column, Table
from study.report.text import capital, percent, plural, text
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
        caption = text("The baseline on {} test {}, seed {}", f"{int(matrix.sum()):,}", view.members, run.seed)
        blocks.append(confusion.counts(matrix, view.classes, caption))
    else:
        blocks.append(pair_table(confusion.confused_pairs(matrix, 30), view, run.seed))
    return Section("confusion", "Confusion matrix of the baseline", blocks)


def pair_table(pairs: list[confusion.Confused], view: View, seed: int) -> Table:
    """The most confused pairs as a table, for datasets of many classes."""
    columns = [
        Column("Truth", lambda p: view.classes[p.truth]),
        Column("Taken for", lambda p: view.classes[p.taken]),
        Column(capital(view.members), lambda p: f"{p.count}", numeric=True),
        Column("Of", lambda p: f"{p.support:,}", numeric=True),
    ]
    kept = plural(len(pairs), "pair")
    return Table.of(text("The {} of {} classes confused most, seed {}", kept, len(view.classes), seed), pairs, columns)


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
    names = [view.short_classes[i] for i in order]
    columns = [
        Column("Class", lambda i: view.classes[i]),
        Column("Recall", lambda i: percent(share[i], 1), numeric=True),
        Column("95 % interval", lambda i: f"{100 * low[i]:.1f} to {percent(high[i], 1)}", numeric=True),
        Column(capital(view.members), lambda i: f"{right[i]:,} of {support[i]:,}", numeric=True),
    ]
    caption = f"Recall of each class on the test {view.members}, seed {run.seed}"
    table = Table.of(caption, order, columns, name="recall-table")
    if len(order) > 40:
        return Section("recall", "Recall of each class", [Fold(plural(len(order), "class", "classes"), [table])])
    best, worst = order[0], order[-1]
    alt = (
        f"Recall by class: highest {names[0]} {percent(share[best], 1)}, lowest {names[-1]} {percent(share[worst], 1)}"
    )
    ends = share[order].tolist(), low[order].tolist(), high[order].tolist()
    drawn = figures.intervals("recall", names, *ends, "share of the class found", alt)
    reading = text(
        "Dots: the share of a class's test {0} that the baseline names correctly, seed {2}. Lines: Wilson's 95 % "
        "intervals for {1} {0}; they cover the choice of {0}, not that of the seed.",
        view.members,
        f"{int(support.min()):,}" if support.min() == support.max() else f"{support.min():,} to {support.max():,}",
        run.seed,
    )
    figure = Figure("recall", "Recall on the test set", drawn, alt, reading, table)
    return Section("recall", "Recall of each class", [figure])

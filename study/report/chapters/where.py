"""The chapter that asks: where did it change."""

from __future__ import annotations

import numpy as np

from results.analysis.evidence import Trial
from study.report import confusion
from study.report.blocks import Block, Cell, Column, Grid, Note, Row, Section, Table, Text
from study.report.parts.class_changes import Change, change, class_noise, flagged_sentence, pair_of_matrices
from study.report.text import percent, plural, points, text
from study.report.view import View

NAME, QUESTION, SHORT = "where", "Where did it change?", "Where"


def winner(view: View) -> Section | None:
    """The best trial's matrix, its difference to the baseline's, and the change of each class."""
    best = view.best
    if best is None:
        return None
    found = change(view, best, class_noise(view))
    if found is None:
        return None
    blocks: list[Block] = [
        Note(
            "info",
            "Exploratory",
            [text("The winner was chosen on validation; these are its test {}, one run against one.", view.members)],
        ),
        Text([flagged_sentence(view, found)]),
        _table(view, best, found),
    ]
    if len(view.classes) <= confusion.WIDEST:
        blocks.append(Grid(list(pair_of_matrices(view, best, found))))
    return Section("winner-classes", f"Classes of {best.label}", blocks)


def _table(view: View, best: Trial, found: Change) -> Table:
    base = best.compared.baseline
    mine = confusion.recalls(np.array(best.record.test_confusion))
    its = confusion.recalls(np.array(base.test_confusion)) if base else mine
    order = sorted(range(len(found.change)), key=lambda i: (-found.change[i], i))
    if len(order) > 40:
        order = order[:20] + order[-20:]
    rows = [
        Row(
            [
                Cell(view.classes[i]),
                Cell(percent(its[i], 1)),
                Cell(percent(mine[i], 1)),
                Cell(points(found.change[i], 1)),
                Cell("unknown" if found.noise is None else f"±{points(found.noise[i], 1, signed=False)}"),
                Cell("" if found.noise is None else "outside" if i in found.flagged else "within"),
            ],
            style="flag" if i in found.flagged else "",
        )
        for i in order
    ]
    columns = [
        Column("Class"),
        Column("Baseline recall", numeric=True),
        Column("Winner", numeric=True),
        Column("Change", numeric=True),
        Column("Noise", numeric=True),
        Column("Change is"),
    ]
    seeds = (
        f"The noise is what two runs of the baseline may differ by, from {plural(len(view.baselines), 'seed')}. "
        if found.noise is not None
        else ""
    )
    return Table(
        text("Recall of each class on the test {}; changes in percentage points. {}", view.members, seeds),
        columns,
        rows,
        name="winner-recall",
    )


SECTIONS = [winner]

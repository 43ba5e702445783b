"""What the foremost candidate changes among the classes: over all pairs that confirmed it, else one run against one."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from results.analysis import classes
from results.analysis.classes import ClassChanges
from study.report import confusion, figures
from study.report.blocks import Figure
from study.report.cells import Column, Matrix, Table
from study.report.parts.class_changes import class_noise, matrices
from study.report.parts.pairs import Paired, paired, single
from study.report.text import distinct, joined, percent, plural, points, signed, span, strong, text
from study.report.view import View

ENDS = 10
"""Of more classes than a matrix shows, so many at either end are drawn."""
NAMED = 6
"""Classes outside the noise that the sentence names; the table has all."""


def foremost_pairs(view: View) -> Paired | None:
    """All pairs of the candidate on fresh seeds; without two of them the best trial's run; None without a pair."""
    two = paired(view)
    if two is not None and two.tested is not None and len(two.pairs) < 2:
        two = single(view)
    return two if two is not None and two.pairs else None


def class_changes(view: View, two: Paired) -> ClassChanges | None:
    """What its pairs change among the classes; None where records hold no matrices."""
    found = [both for mine, its in two.pairs if (both := matrices(view, mine, its)) is not None]
    if two.tested is None:
        return classes.single_change(*found[0], class_noise(view)) if found else None
    return classes.class_changes([mine for mine, _ in found], [its for _, its in found])


def _over(view: View, two: Paired, n: int) -> Markup:
    """The settings under which it holds: '6 fresh seeds, 505 to 510, both as configured (20 epochs against 25)'."""
    first = f"{plural(n, 'fresh seed')}," if two.tested else "one run each, seed"
    which = f" {span(two.seeds)}" if n == len(two.seeds) else ""
    epochs = two.epochs(view)
    return text("{}{}, both as configured{}", first, which, f" ({epochs})" if epochs else "")


def class_sentence(view: View, two: Paired, changes: ClassChanges) -> Markup:
    """Say which classes changed by more than the noise."""

    def named(indices: list[int]) -> Markup:
        said = [text("{} {}", strong(view.classes[i]), points(changes.change[i], 1)) for i in indices[:NAMED]]
        return joined([*said, f"{len(indices) - NAMED} more"] if len(indices) > NAMED else said)

    first, last = changes.order[-1], changes.order[0]
    ends = text("from {} to {}", named([first]), named([last]))
    if changes.half is None:
        takes = "three pairs of runs" if two.tested else "three seeds of the baseline"
        said = text("Whether a change of recall is more than noise is unknown: that takes {}. ", takes)
        return said + text("Changes go {} percentage points.", ends)
    if changes.outside:
        said = text("Recall changed by more than noise, in percentage points: {}.", named(changes.outside))
    else:
        said = text("No class's recall changed by more than noise. Changes go {} percentage points.", ends)
    if two.tested is not None and two.tested.early:
        said += text(" The comparison stopped early: changes are on average too large, which no interval allows for.")
    return said


def class_figure(view: View, two: Paired, changes: ClassChanges) -> Figure:
    """Each class's change with its interval, the most gained on top; all numbers in the table under it."""
    drawn = [i for i in changes.order if changes.measurable(i)] or changes.order
    if len(drawn) > confusion.WIDEST:
        drawn = drawn[:ENDS] + drawn[-ENDS:]
    names, outside = distinct(view.class_names, 16), set(changes.outside)
    rows = []
    for i in drawn:
        middle = 100 * float(changes.change[i])
        half = 100 * float(changes.half[i]) if changes.half is not None and changes.measurable(i) else 0.0
        role = ("good" if middle > 0 else "bad") if i in outside else "muted"
        label = f"{names[i]} {points(changes.change[i], 1)}"
        rows.append(figures.Effect(label, middle, middle - half, middle + half, role))
    alt = f"Change of recall of {len(drawn)} of {len(changes.order)} classes: {', '.join(r.label for r in rows)}"
    svg = figures.effects("class-changes", rows, None, "change of recall, points", alt, width=figures.SMALL)
    return Figure("class-changes", "Recall of each class", svg, alt, _reading(view, two, changes, len(drawn)),
                  _table(view, two, changes))  # fmt: skip


def _reading(view: View, two: Paired, changes: ClassChanges, drawn: int) -> Markup:
    """How to read the figure, and under which settings it holds."""
    mean = "mean " if changes.n > 1 else ""
    over = _over(view, two, changes.n)
    said = text("Dots: {}change of the share of a class's test {} that are found; {}. ", mean, view.members, over)
    if changes.half is not None and two.tested:
        pattern = "Lines: {} intervals (paired t, Bonferroni); all hold at once in 95\u00a0% of cases. "
        said += text(pattern, percent(changes.level, 1 if changes.level < 0.999 else 2))
    elif changes.half is not None:
        pattern = (
            "Lines: what two runs of the baseline may differ by, from {}, at 95\u00a0% over all classes together. "
        )
        said += text(pattern, plural(len(view.baselines), "seed"))
    few = sum(not changes.measurable(i) for i in changes.order) if changes.half is not None else 0
    if few:
        said += text(
            "For {} a change is not measurable with so few {}. ", plural(few, "class", "classes"), view.members
        )
    if drawn < len(changes.order) - few:
        said += text("Shown: the {} classes most gained and the {} most lost of {}. ", ENDS, ENDS, len(changes.order))
    return said


def _table(view: View, two: Paired, changes: ClassChanges) -> Table:
    half = changes.half

    def interval(i: int) -> str:
        if half is None:
            return "unknown"
        if not changes.measurable(i):
            return f"not measurable with {plural(int(changes.support[i]), view.member)}"
        if not two.tested:
            return f"±{points(half[i], 1, signed=False)}"
        return f"{points(changes.change[i] - half[i], 1)} to {points(changes.change[i] + half[i], 1)}"

    caption = text("Recall of each class on the test {}; changes in percentage points", view.members)
    columns = [
        Column("Class", lambda i: view.classes[i]),
        Column("Baseline", lambda i: percent(changes.before[i], 1), numeric=True),
        Column(two.who, lambda i: percent(changes.after[i], 1), numeric=True),
        Column("Change", lambda i: points(changes.change[i], 1), numeric=True),
        Column("Interval" if two.tested else "Noise", interval, numeric=True),
        Column(view.members.capitalize(), lambda i: f"{changes.support[i]:,}", numeric=True),
    ]
    return Table.of(caption, changes.order, columns, name="winner-recall", compact=True)


def class_matrix(view: View, two: Paired, changes: ClassChanges) -> Matrix:
    """What is taken for what more or less often than before."""
    mean = f", mean of {plural(changes.n, 'pair')}" if changes.n > 1 else ""
    caption = text("Test {}, {} − baseline{}", view.members, two.who, mean)
    matrix = confusion.changes(changes.step, changes.support, view.classes, caption)
    matrix.end_label = "recall, points"
    matrix.ends = [(points(c, 1), "flag" if i in changes.outside else "") for i, c in enumerate(changes.change)]
    return matrix


def confused_table(view: View, two: Paired, changes: ClassChanges) -> Table:
    """The same of many classes: what changed most."""
    mean = f", mean of {plural(changes.n, 'pair')}" if changes.n > 1 else ""
    caption = text("Test {} taken for another class, {} − baseline{}", view.members, two.who, mean)
    off = changes.step * (1 - np.eye(len(changes.step)))
    most = np.argsort(-np.abs(off), axis=None, kind="stable")[:ENDS]
    pairs = [(a, b) for a, b in (divmod(int(i), len(off)) for i in most) if off[a, b]]
    columns = [
        Column("Truth", lambda pair: view.classes[pair[0]]),
        Column("Taken for", lambda pair: view.classes[pair[1]]),
        Column("Change", lambda pair: signed(off[pair], int(changes.n > 1)), numeric=True),
        Column("Of", lambda pair: f"{changes.support[pair[0]]:,}", numeric=True),
    ]
    return Table.of(caption, pairs, columns, compact=True)

"""What the foremost candidate changes among the classes: over all pairs that confirmed it, else one run against one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from results.analysis import classes
from results.analysis.classes import ClassChanges, Moved
from results.analysis.verdicts import PairVerdict
from results.record import Record
from study.report import confusion, figures
from study.report.blocks import Figure
from study.report.cells import Column, Matrix, Table
from study.report.parts.class_changes import baseline_matrices
from study.report.parts.lead import foremost
from study.report.text import code, distinct, joined, percent, plural, points, signed, strong, text
from study.report.view import View, trial_link

ENDS = 10
"""Of more classes than a matrix shows, so many at either end are drawn."""
NAMED = 6
"""Classes outside the noise that the sentence names; the table has all."""


@dataclass(frozen=True)
class Compared:
    """Runs of a candidate beside those of the baseline, seed by seed; ``fresh``: seeds that had not chosen it."""

    who: Markup
    pairs: list[tuple[Record, Record]]
    fresh: bool
    early: bool = False
    classes: ClassChanges | None = None
    moved: Moved | None = None

    def over(self, view: View, n: int) -> Markup:
        """The settings under which it holds: '6 fresh seeds, 505 to 510, both as configured (20 epochs against 25)'."""
        seeds = [b.seed for _, b in self.pairs]
        span = ", ".join(map(str, seeds))
        if seeds[-1] - seeds[0] == len(seeds) - 1 > 0:
            span = f"{seeds[0]} to {seeds[-1]}"
        epochs = ""
        if view.has_epochs:
            one, other = (r.config.get("epochs", len(r.history)) for r in self.pairs[0])
            epochs = f" ({one} epochs)" if one == other else f" ({one} epochs against {other})"
        first = plural(n, "fresh seed") if self.fresh else "one run each, seed"
        first += "," * self.fresh
        return text("{}{}, both as configured{}", first, f" {span}" if n == len(seeds) else "", epochs)


def compared(view: View) -> Compared | None:
    """All pairs of the foremost confirmed candidate; without two of them the best trial against the reference run."""
    tested = foremost(view)
    pairs = [] if tested is None else _pairs(view, tested)
    if tested is not None and len(pairs) > 1:
        trial = view.trial_of(tested.pair)
        who = trial_link(trial) if trial else code(tested.pair.candidate)
        known = [two for pair in pairs if (two := _matrices(view, *pair)) is not None]
        changes = classes.class_changes([a for a, _ in known], [b for _, b in known])
        return Compared(who, pairs, True, tested.early, changes, _moved(view, pairs))
    best = view.best
    base = best.compared.baseline if best else None
    if best is None or base is None:
        return None
    two = _matrices(view, best.record, base)
    change = classes.single_change(*two, baseline_matrices(view)) if two else None
    pair = [(best.record, base)]
    return Compared(trial_link(best), pair, False, False, change, _moved(view, pair))


def _pairs(view: View, tested: PairVerdict) -> list[tuple[Record, Record]]:
    both = [
        (view.runs.get((tested.pair.candidate, s)), view.runs.get((tested.pair.reference, s))) for s in tested.seeds
    ]
    return [(a, b) for a, b in both if a is not None and b is not None]


def _matrices(view: View, mine: Record, its: Record) -> tuple[np.ndarray, np.ndarray] | None:
    a, b = view.matrix(mine.test_confusion), view.matrix(its.test_confusion)
    return None if a is None or b is None else (a, b)


def right(view: View, record: Record) -> np.ndarray | None:
    """(test examples,) bool: which it got right; None where the record does not say."""
    bits = record.test_examples
    return bits.array() if bits is not None and bits.kind == "bits" and view.metric.goal == "max" else None


def _moved(view: View, pairs: list[tuple[Record, Record]]) -> Moved | None:
    both = [(right(view, a), right(view, b)) for a, b in pairs]
    known = [(a, b) for a, b in both if a is not None and b is not None]
    return classes.moved([a for a, _ in known], [b for _, b in known])


def class_sentence(view: View, found: Compared, changes: ClassChanges) -> Markup:
    """Say which classes changed by more than the noise."""

    def named(indices: list[int]) -> Markup:
        said = [text("{} {}", strong(view.classes[i]), points(changes.change[i], 1)) for i in indices[:NAMED]]
        return joined([*said, f"{len(indices) - NAMED} more"] if len(indices) > NAMED else said)

    first, last = changes.order[-1], changes.order[0]
    ends = text("from {} to {}", named([first]), named([last]))
    if changes.half is None:
        takes = "three pairs of runs" if found.fresh else "three seeds of the baseline"
        said = text("Whether a change of recall is more than noise is unknown: that takes {}. ", takes)
        return said + text("Changes go {} percentage points.", ends)
    if changes.outside:
        said = text("Recall changed by more than noise, in percentage points: {}.", named(changes.outside))
    else:
        said = text("No class's recall changed by more than noise. Changes go {} percentage points.", ends)
    if found.early:
        said += text(" The comparison stopped early: changes are on average too large, which no interval allows for.")
    return said


def class_figure(view: View, found: Compared, changes: ClassChanges) -> Figure:
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
    return Figure("class-changes", "Recall of each class", svg, alt, _reading(view, found, changes, len(drawn)),
                  _table(view, found, changes))  # fmt: skip


def _reading(view: View, found: Compared, changes: ClassChanges, drawn: int) -> Markup:
    """How to read the figure, and under which settings it holds."""
    mean = "mean " if changes.n > 1 else ""
    over = found.over(view, changes.n)
    said = text("Dots: {}change of the share of a class's test {} that are found; {}. ", mean, view.members, over)
    if changes.half is not None and found.fresh:
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


def _table(view: View, found: Compared, changes: ClassChanges) -> Table:
    half = changes.half

    def interval(i: int) -> str:
        if half is None:
            return "unknown"
        if not changes.measurable(i):
            return f"not measurable with {plural(int(changes.support[i]), view.member)}"
        if not found.fresh:
            return f"±{points(half[i], 1, signed=False)}"
        return f"{points(changes.change[i] - half[i], 1)} to {points(changes.change[i] + half[i], 1)}"

    caption = text("Recall of each class on the test {}; changes in percentage points", view.members)
    columns = [
        Column("Class", lambda i: view.classes[i]),
        Column("Baseline", lambda i: percent(changes.before[i], 1), numeric=True),
        Column(found.who, lambda i: percent(changes.after[i], 1), numeric=True),
        Column("Change", lambda i: points(changes.change[i], 1), numeric=True),
        Column("Interval" if found.fresh else "Noise", interval, numeric=True),
        Column(view.members.capitalize(), lambda i: f"{changes.support[i]:,}", numeric=True),
    ]
    return Table.of(caption, changes.order, columns, name="winner-recall", compact=True)


def class_matrix(view: View, found: Compared, changes: ClassChanges) -> Matrix:
    """What is taken for what more or less often than before."""
    mean = f", mean of {plural(changes.n, 'pair')}" if changes.n > 1 else ""
    caption = text("Test {}, {} − baseline{}", view.members, found.who, mean)
    matrix = confusion.changes(changes.step, changes.support, view.classes, caption)
    matrix.end_label = "recall, points"
    matrix.ends = [(points(c, 1), "flag" if i in changes.outside else "") for i, c in enumerate(changes.change)]
    return matrix


def confused_table(view: View, found: Compared, changes: ClassChanges) -> Table:
    """The same of many classes: what changed most."""
    mean = f", mean of {plural(changes.n, 'pair')}" if changes.n > 1 else ""
    caption = text("Test {} taken for another class, {} − baseline{}", view.members, found.who, mean)
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

"""Chapter: which classes gained? The best trial's errors beside the baseline's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from study.report import confusion
from study.report.blocks import Block, Cell, Column, Grid, Note, Row, Section, Table, Text
from study.report.text import joined, percent, plural, points, strong, text
from study.report.view import Trial, View

NAME, QUESTION, SHORT = "gains", "Which classes gained?", "Classes"


@dataclass(frozen=True)
class Change:
    """Per-class change of recall against the baseline run, as fractions; ``noise`` is None where it is unknown."""

    change: np.ndarray  # (classes,) float
    noise: np.ndarray | None  # (classes,) float: changes up to it are within the noise

    @property
    def flagged(self) -> list[int]:
        """Classes whose change lies outside the noise, by size."""
        if self.noise is None:
            return []
        out = np.flatnonzero(np.abs(self.change) > self.noise)
        return [int(i) for i in out[np.argsort(-np.abs(self.change[out]), kind="stable")]]


def class_noise(view: View) -> np.ndarray | None:
    """How far a class's recall may differ between two runs of the baseline: at 95 % over all classes together.

    From the spread of each class over at least three seeds; t quantile, shared out over the classes (Bonferroni).
    """
    found = [m for b in view.baselines if (m := confusion.fits(b.test_confusion, len(view.classes))) is not None]
    if len(found) < 3:
        return None
    from scipy.stats import t

    recalls = np.array([confusion.recalls(m) for m in found])
    quantile = float(t.ppf(1 - 0.025 / len(view.classes), len(found) - 1))
    smallest = 1 / np.maximum(found[0].sum(axis=1), 1) / np.sqrt(6)  # what rounding to whole images makes
    return np.asarray(quantile * np.sqrt(2) * np.maximum(recalls.std(axis=0, ddof=1), smallest))


def change(view: View, trial: Trial, noise: np.ndarray | None) -> Change | None:
    """The trial's per-class change on the test images; None where either has no fitting matrix."""
    base = trial.compared.baseline
    mine = confusion.fits(trial.record.test_confusion, len(view.classes))
    its = confusion.fits(base.test_confusion, len(view.classes)) if base else None
    if mine is None or its is None:
        return None
    return Change(confusion.recalls(mine) - confusion.recalls(its), noise)


def flagged_sentence(view: View, found: Change) -> Markup:
    """Say which classes changed by more than the noise."""
    if found.noise is None:
        return text(
            "Whether any of these changes is more than noise is unknown: that takes three seeds of the baseline."
        )
    if not found.flagged:
        return text("No class changed by more than two runs of the baseline may differ.")
    said = [text("{} {} points", strong(view.classes[i]), points(found.change[i], 1)) for i in found.flagged]
    return text("Outside the noise: {}.", joined(said))


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
            [text("The winner was chosen on validation; these are its test images, one run against one.")],
        ),
        Text([flagged_sentence(view, found)]),
        _table(view, best, found),
    ]
    if len(view.classes) <= confusion.WIDEST:
        blocks.append(Grid(list(pair_of_matrices(view, best, found))))
    return Section("winner-classes", f"Classes of {best.label}", blocks)


def pair_of_matrices(view: View, trial: Trial, found: Change) -> tuple[confusion.Matrix, confusion.Matrix]:
    """A complete trial's test matrix and its signed difference to the baseline's."""
    base = trial.compared.baseline
    mine = confusion.fits(trial.record.test_confusion, len(view.classes))
    its = confusion.fits(base.test_confusion, len(view.classes)) if base else None
    assert mine is not None and its is not None  # change() looked
    signed = confusion.difference(mine, its, view.classes, text("{} minus the baseline, images", trial.label))
    signed.total_label = "recall, points"
    signed.totals = [(points(c, 1), "flag" if i in found.flagged else "") for i, c in enumerate(found.change)]
    return confusion.counts(
        mine, view.classes, text("{} on {} test images", trial.label, f"{int(mine.sum()):,}")
    ), signed


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
                Cell("unknown" if found.noise is None else f"± {100 * found.noise[i]:.1f}"),
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
        Column("Change, points", numeric=True),
        Column("Noise, points", numeric=True),
        Column("Change is"),
    ]
    seeds = (
        f"The noise is what two runs of the baseline may differ by, from {plural(len(view.baselines), 'seed')}. "
        if found.noise is not None
        else ""
    )
    return Table(text("Recall of each class on the test images. {}", seeds), columns, rows, name="winner-recall")


SECTIONS = [winner]

"""How a trial's recall of each class differs from the baseline's, and what of it is more than noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from results.analysis import classes
from results.analysis.evidence import Trial
from study.report.text import joined, points, strong, text
from study.report.view import View


@dataclass(frozen=True)
class Change:
    """Per-class change of recall against the baseline run, as fractions; ``noise`` is None where it is unknown."""

    mine: np.ndarray  # (classes, classes) int, the trial on the test set
    its: np.ndarray  # the same of the baseline
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
    """How far a class's recall may differ between two runs of the baseline: at 95 % over all classes together."""
    return classes.class_noise(baseline_matrices(view))


def baseline_matrices(view: View) -> list[np.ndarray]:
    """The test matrices of the baseline's runs."""
    return [m for b in view.baselines if (m := view.matrix(b.test_confusion)) is not None]


def change(view: View, trial: Trial, noise: np.ndarray | None) -> Change | None:
    """The trial's per-class change on the test set; None where either has no matrix."""
    base = trial.compared.baseline
    mine = view.matrix(trial.record.test_confusion)
    its = view.matrix(base.test_confusion) if base else None
    if mine is None or its is None:
        return None
    return Change(mine, its, classes.recalls(mine) - classes.recalls(its), noise)


def flagged_sentence(view: View, found: Change) -> Markup:
    """Say which classes changed by more than the noise."""
    if found.noise is None:
        return text(
            "Whether any of these changes is more than noise is unknown: that takes three seeds of the baseline."
        )
    if not found.flagged:
        return text("No class changed by more than two runs of the baseline may differ.")
    said = [text("{} {} percentage points", strong(view.classes[i]), points(found.change[i], 1)) for i in found.flagged]
    return text("Outside the noise: {}.", joined(said))

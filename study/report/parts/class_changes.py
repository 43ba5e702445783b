"""What runs say of classes and of test examples, read from their records; and a trial's classes in a sentence."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from results.analysis import classes
from results.analysis.classes import ClassChanges
from results.record import Record
from study.report.text import joined, points, strong, text
from study.report.view import View


def matrices(view: View, mine: Record, its: Record | None) -> tuple[np.ndarray, np.ndarray] | None:
    """The test matrices of two runs; None where either has none."""
    a, b = view.matrix(mine.test_confusion), view.matrix(its.test_confusion) if its else None
    return None if a is None or b is None else (a, b)


def class_noise(view: View) -> np.ndarray | None:
    """How far a class's recall may differ between two runs of the baseline: at 95 % over all classes together."""
    found = [m for b in view.baselines if (m := view.matrix(b.test_confusion)) is not None]
    return classes.class_noise(found)


def right(view: View, record: Record | None) -> np.ndarray | None:
    """(test examples,) bool: which it got right; None where the record does not say."""
    bits = record.test_examples if record is not None else None
    return bits.array() if bits is not None and bits.kind == "bits" and view.metric.is_accuracy else None


def flagged_sentence(view: View, changes: ClassChanges) -> Markup:
    """Say which classes changed by more than the noise, where that is known."""
    if not changes.outside:
        return text("No class changed by more than two runs of the baseline may differ.")
    said = [
        text("{} {} percentage points", strong(view.classes[i]), points(changes.change[i], 1)) for i in changes.outside
    ]
    return text("Outside the noise: {}.", joined(said))

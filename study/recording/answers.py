"""What a training leaves of single examples: answers, scores and features, checked, or refused with the mend."""

from __future__ import annotations

from typing import Any

import numpy as np

from results.checks import EXAMPLES, MEAN
from results.errors import BadResult
from results.metric import Metric
from results.outcome import ROUNDING, Predictions
from study.recording.numbers import plain_array

Answers = tuple[Any, Any]
"""Probabilities and labels, unchecked."""


def predictions_of(answers: Answers, split: str, classes: int | None, expected: np.ndarray | None) -> Predictions:
    """Return checked predictions.

    Args:
        answers: (examples, classes) probabilities, or (examples,) of the second of two classes; (examples,) labels.
        split: 'val' or 'test', perhaps with an epoch before it, for messages.
        classes: how many there are, where that is known.
        expected: the labels that the data have, where they are known.

    Raises:
        NotFinite: a probability is NaN, as after a training that diverged.
        BadResult: anything else is wrong.
    """
    field = f"{split}.probabilities"
    p = np.asarray(plain_array(on_host(answers[0]), field), np.float32)
    labels = plain_array(on_host(answers[1]), f"{split}.labels")
    if p.ndim == 1 or (p.ndim == 2 and p.shape[1] == 1):  # of the second of two classes
        p = np.stack([1 - p.reshape(-1), p.reshape(-1)], axis=1)
    classes = classes or (p.shape[1] if p.ndim == 2 else 0)
    if p.ndim != 2 or p.shape != (len(p), classes) or labels.shape != (len(p),) or not len(p):
        raise BadResult(
            f"{field} is of shape {p.shape} and labels {labels.shape}, not (examples, {classes or 'classes'}) and "
            "(examples,)"
        )
    _check_labels(labels, split, classes, expected)
    if np.isnan(p).any():
        raise NotFinite(f"{field} holds nan")
    if not np.isfinite(p).all() or (p < 0).any():
        bad = p[~np.isfinite(p) | (p < 0)][0]
        raise BadResult(f"{field} holds {bad}, not within 0..1: hand over softmax, not logits")
    sums = p.sum(axis=1, dtype=np.float64)
    if (abs(sums - 1) > ROUNDING).any():
        off = sums[np.argmax(abs(sums - 1))]
        raise BadResult(f"{field}: a row adds up to {off:.4g}, and each row must sum to 1: softmax?")
    return Predictions(p, labels.astype(np.int64))


class NotFinite(BadResult):
    """A probability is NaN."""


def _check_labels(labels: np.ndarray, split: str, classes: int, expected: np.ndarray | None) -> None:
    if expected is not None and len(labels) != len(expected):
        raise BadResult(f"{split} predicts {len(labels)} examples, the data have {len(expected)}")
    if labels.dtype.kind not in "biu":
        raise BadResult(
            f"{split}.labels are {labels.dtype}, not class numbers 0..{classes - 1} as integers (a regression leaves "
            "no predictions)"
        )
    if not 0 <= labels.min() <= labels.max() < classes:
        raise BadResult(
            f"{split}.labels go from {labels.min()} to {labels.max()}, not within 0..{classes - 1}: labels count from 0"
        )
    if expected is not None and not np.array_equal(labels, expected):
        at = int(np.argmax(labels != expected))
        raise BadResult(f"{split}.labels has {labels[at]} for example {at}, the data {expected[at]}: keep their order")


def examples_of(
    values: Any, metric: Metric, test: dict[str, float], known: int | None, found: Predictions | None
) -> np.ndarray:
    """Return a score for each test example, (n,) bool or float32, whose mean is the test value. Raises BadResult.

    ``known``: how many there are; ``found``: predictions that say it themselves, whatever ``values`` are.
    """
    if metric.test is None:
        raise BadResult("run.examples needs a metric with a test value: Metric(..., test='test_...')")
    if values is None and found is not None:
        values = found.correct
    array = plain_array(on_host(values), "examples")
    if array.ndim != 1 or not 0 < len(array) <= EXAMPLES:
        raise BadResult(f"examples is of shape {array.shape}, not (test examples,)")
    n = known if found is None else len(found.labels)
    if n not in (None, len(array)):
        raise BadResult(f"examples has {len(array):,} scores, but the test set has {n:,} examples")
    array = array if array.dtype == bool else np.asarray(array, np.float32)
    if not np.isfinite(array).all():
        raise BadResult(f"examples holds {array[~np.isfinite(array)][0]}, not finite numbers alone")
    value, mean = test[metric.test], float(array.mean(dtype=np.float64))
    if abs(mean - value) > max(ROUNDING * (array.dtype == bool), MEAN * float(np.abs(array).max())):
        raise BadResult(
            f"{metric.test} is {value:.6g}, but the mean over examples is {mean:.6g}: leave run.examples out "
            "where the metric is no mean (RMSE, AUC)"
        )
    if found is not None:
        array = found.correct
    if array.dtype == bool:
        test[metric.test] = int(array.sum()) / len(array)
    return array


def features_of(value: Any, test: Predictions | None) -> np.ndarray:
    """Return (test examples, dimensions) float32. Raises BadResult."""
    features = np.asarray(plain_array(on_host(value), "features"), np.float32)
    n = len(features) if test is None and features.ndim else 0 if test is None else len(test.labels)
    if features.ndim != 2 or len(features) != n or not features.shape[1]:
        raise BadResult(f"features is of shape {features.shape}, not ({n} test examples, numbers)")
    if not np.isfinite(features).all():
        raise BadResult(f"features holds {features[~np.isfinite(features)][0]}, not finite numbers alone")
    return features


def on_host(value: Any) -> Any:
    """Bring a tensor to where numpy can read it: from a GPU, out of the graph, from bf16."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        return value.float() if value.is_floating_point() else value
    return value

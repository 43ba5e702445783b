"""Predictions are counted as scikit-learn counts them."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import accuracy_score, confusion_matrix

from results.outcome import Predictions, agree


def test_predictions_measure_what_scikit_learn_does() -> None:
    rng = np.random.default_rng(0)
    probabilities, labels = rng.dirichlet(np.ones(4), 200).astype(np.float32), rng.integers(0, 4, 200)
    ours = Predictions(probabilities, labels)
    assert ours.accuracy == accuracy_score(labels, probabilities.argmax(1))
    assert np.array_equal(ours.confusion, confusion_matrix(labels, probabilities.argmax(1)))


def test_two_accuracies_may_be_one_example_and_a_rounding_apart() -> None:
    assert agree(0.5, 0.51, 100) and agree(0.5, 0.504, 10**6) and not agree(0.5, 0.52, 100)

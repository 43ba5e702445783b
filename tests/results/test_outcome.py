"""The helpers a trainable builds its outcome with, against scikit-learn and round trips."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss

from results.outcome import Epoch, best_epoch, best_so_far, pack_history, predictions, unpack_history
from results.record import HistoryRow, finite


def epoch(number: int, val_loss: float) -> Epoch:
    return Epoch(number, 0.1 + 0.2, 0.9, val_loss, 0.8, 1.5, np.arange(4).reshape(2, 2) + number)


def test_predictions_measure_what_scikit_learn_does() -> None:
    rng = np.random.default_rng(0)
    probabilities, labels = rng.dirichlet(np.ones(4), 200), rng.integers(0, 4, 200)
    ours = predictions(probabilities, labels)
    assert ours.loss == pytest.approx(log_loss(labels, probabilities), rel=1e-5)
    assert ours.accuracy == accuracy_score(labels, probabilities.argmax(1))
    assert np.array_equal(ours.confusion, confusion_matrix(labels, probabilities.argmax(1)))
    assert (ours.probabilities.dtype, ours.labels.dtype) == (np.float32, np.int64)


def test_a_sure_mistake_has_a_finite_loss_and_a_broken_model_none() -> None:
    sure = predictions(np.array([[1.0, 0.0]]), np.array([1]))
    assert 80 < sure.loss < 100
    assert math.isnan(predictions(np.array([[math.nan, math.nan]]), np.array([1])).loss)


@pytest.mark.parametrize(
    ("losses", "best"),
    [([3, 1, 2], 2), ([2, 1, 1], 2), ([math.nan, 2, 3], 2), ([math.inf, math.nan], None), ([], None)],
)
def test_best_epoch_is_the_first_of_the_lowest_finite_losses(losses: list[float], best: int | None) -> None:
    assert best_epoch([epoch(n, loss) for n, loss in enumerate(losses, start=1)]) == best


def test_the_objective_is_the_accuracy_where_the_loss_was_lowest_so_far() -> None:
    losses, accuracies = [2.0, 1.0, math.nan, 1.5, 1.0, 0.5], [0.1, 0.2, 0.9, 0.8, 0.9, 0.15]
    rows = [
        HistoryRow(epoch=n, train_loss=1, train_accuracy=1, val_loss=finite(v), val_accuracy=a, seconds=1)
        for n, (v, a) in enumerate(zip(losses, accuracies, strict=True), start=1)
    ]
    assert best_so_far(rows) == [0.1, 0.2, 0.2, 0.2, 0.2, 0.15]
    assert math.isnan(best_so_far([epoch(1, math.inf)])[0])


def test_a_history_survives_being_packed_bit_by_bit() -> None:
    history = [epoch(1, 0.7), epoch(2, math.nan)]
    packed = pack_history(history)
    assert {name: array.shape for name, array in packed.items()} == {"history": (2, 5), "history_confusion": (2, 2, 2)}
    back = unpack_history(packed | {"weights": np.zeros(3)})
    assert [e.epoch for e in back] == [1, 2]
    assert [e.train_loss for e in back] == [0.1 + 0.2] * 2
    assert back[0].val_loss == 0.7 and math.isnan(back[1].val_loss)
    assert all(np.array_equal(a.val_confusion, b.val_confusion) for a, b in zip(history, back, strict=True))

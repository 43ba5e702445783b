"""What a trainable hands back: plain numbers and numpy arrays, nothing of its framework."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

State = dict[str, np.ndarray]
"""A trainable's whole state after an epoch: names to arrays (any shape, numeric or bool dtype).

Flat and plain so that it can be written without pickle and sent to another machine.
"""


@dataclass(frozen=True)
class Runtime:
    """Where and how to compute; fixed within a study, so not part of a run's identity."""

    device: str = "cpu"  # 'cpu' or 'cuda'
    precision: str = "fp32"  # 'fp32' or 'bf16'
    threads: int = 1  # CPU threads


@dataclass(frozen=True)
class Epoch:
    """Measurements of one finished epoch. Losses are means per image, accuracies fractions in 0..1."""

    epoch: int  # 1-based
    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float
    seconds: float
    val_confusion: np.ndarray  # (classes, classes) int64; rows are the truth, columns the prediction


@dataclass(frozen=True)
class Predictions:
    """A model's answers on one split, in the split's own order."""

    probabilities: np.ndarray  # (images, classes) float32, rows sum to 1
    labels: np.ndarray  # (images,) int64
    loss: float  # mean cross-entropy

    @property
    def correct(self) -> np.ndarray:
        """(images,) bool: whether the most probable class is the label."""
        return np.asarray(self.probabilities.argmax(axis=1) == self.labels)

    @property
    def accuracy(self) -> float:
        """Share of correct answers, 0..1."""
        return float(self.correct.mean())

    @property
    def confusion(self) -> np.ndarray:
        """(classes, classes) int64; rows are the truth, columns the prediction."""
        return confusion_matrix(self.labels, self.probabilities.argmax(axis=1), self.probabilities.shape[1])


@dataclass
class Outcome:
    """The result of one ``fit``. ``val`` and ``test`` belong to the weights of ``best_epoch``.

    ``status``: ``complete`` (all epochs), ``stopped`` (``on_epoch`` asked for it; no test evaluation), or
    ``diverged`` (a loss was not finite; no test evaluation).
    """

    status: Literal["complete", "stopped", "diverged"]
    history: list[Epoch]
    best_epoch: int | None = None  # 1-based: the epoch of lowest validation loss, the first of equals
    val: Predictions | None = None
    test: Predictions | None = None
    features: np.ndarray | None = None  # (test images, dimensions) float32, for the 2-D picture; optional
    weights: State = field(default_factory=dict)  # best weights
    parameters: int = 0  # number of trained numbers
    error: str | None = None


def confusion_matrix(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Count (classes, classes) int64 pairs; rows are the truth, columns the prediction."""
    flat = np.bincount(truth.astype(np.int64) * classes + predicted.astype(np.int64), minlength=classes * classes)
    return flat.reshape(classes, classes)

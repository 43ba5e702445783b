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
    """Measurements of one finished epoch, by name; a training without epochs has one."""

    epoch: int  # 1-based
    values: dict[str, float]
    seconds: float
    val_confusion: np.ndarray | None = None  # (classes, classes) int64; rows are the truth, columns the prediction


@dataclass(frozen=True)
class Predictions:
    """A classifier's answers on one split, in the split's own order."""

    probabilities: np.ndarray  # (examples, classes) float32, rows sum to 1
    labels: np.ndarray  # (examples,) int64

    @property
    def correct(self) -> np.ndarray:
        """(examples,) bool: whether the most probable class is the label."""
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
    """The result of one training; ``val`` and ``test`` belong to the weights of ``best_epoch``.

    ``status``: ``complete`` (all epochs), ``stopped`` (it was asked to; no test evaluation), or ``diverged`` (a value
    was not finite; no test evaluation). What a training does not have is None or empty.
    """

    status: Literal["complete", "stopped", "diverged"]
    history: list[Epoch]
    best_epoch: int | None = None  # 1-based: the epoch that the metric's rule selects
    test_values: dict[str, float] = field(default_factory=dict)
    val: Predictions | None = None
    test: Predictions | None = None
    examples: np.ndarray | None = None  # (test examples,) bool or float32: the test value is their mean
    class_names: list[str] | None = None  # where the data do not name them
    features: np.ndarray | None = None  # (test examples, dimensions) float32, for the 2-D picture
    weights: State = field(default_factory=dict)  # best weights
    parameters: int = 0  # number of trained numbers
    error: str | None = None


# A trainable may average or predict in bf16, whose eight bits put a number just under 1 as far off as 2**-8 = 0.004;
# so far may probabilities miss 1 in sum, and accuracies each other. float16 (2**-11) and float32 lie within.
ROUNDING = 0.005


def agree(one: float, other: float, examples: int) -> bool:
    """Whether two accuracies over the same examples may be one: predicted again, one may fall to the other side."""
    return abs(one - other) <= ROUNDING + 1 / examples


def confusion_matrix(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Count (classes, classes) int64 pairs; rows are the truth, columns the prediction."""
    flat = np.bincount(truth.astype(np.int64) * classes + predicted.astype(np.int64), minlength=classes * classes)
    return flat.reshape(classes, classes)

"""What a trainable hands back: plain numbers and numpy arrays, nothing of its framework."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar

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


def predictions(probabilities: np.ndarray, labels: np.ndarray) -> Predictions:
    """Make Predictions of (images, classes) probabilities and (images,) labels; the loss is their mean cross-entropy.

    A probability of 0 counts as the smallest a float32 holds, so that a sure mistake is not an infinite loss.
    """
    probabilities, labels = np.asarray(probabilities, np.float32), np.asarray(labels, np.int64)
    chosen = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return Predictions(probabilities, labels, float(-np.log(np.maximum(chosen, np.finfo(np.float32).tiny)).mean()))


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


# A trainable may average or predict in bf16, whose eight bits put a number just under 1 as far off as 2**-8 = 0.004;
# so far may probabilities miss 1 in sum, and accuracies each other. float16 (2**-11) and float32 lie within.
ROUNDING = 0.005


def agree(one: float, other: float, images: int) -> bool:
    """Whether two accuracies over the same images may be one: predicted again, one image may fall to the other side."""
    return abs(one - other) <= ROUNDING + 1 / images


def confusion_matrix(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Count (classes, classes) int64 pairs; rows are the truth, columns the prediction."""
    flat = np.bincount(truth.astype(np.int64) * classes + predicted.astype(np.int64), minlength=classes * classes)
    return flat.reshape(classes, classes)


class Validated(Protocol):
    """An epoch of a trainable or of a record, as far as choosing between epochs goes."""

    @property
    def epoch(self) -> int:
        """Its number, from 1."""

    @property
    def val_loss(self) -> float | None:
        """None in a record where it was not finite."""

    @property
    def val_accuracy(self) -> float | None:
        """A fraction."""


E = TypeVar("E", bound=Validated)


def _lower(best: E | None, row: E) -> E | None:
    if row.val_loss is None or not math.isfinite(row.val_loss):
        return best
    return row if best is None or best.val_loss is None or row.val_loss < best.val_loss else best


def selected(history: Iterable[E]) -> E | None:
    """Return the epoch that speaks for a training: of lowest validation loss, the first of equals, never one that is
    not finite; None where there is none.
    """
    best: E | None = None
    for row in history:
        best = _lower(best, row)
    return best


def best_epoch(history: Iterable[Validated]) -> int | None:
    """Return the number of the :func:`selected` epoch."""
    row = selected(history)
    return row.epoch if row else None


def best_so_far(history: Iterable[Validated]) -> list[float]:
    """Return after each epoch the validation accuracy at the epoch :func:`selected` so far; NaN before there is one.

    This is the objective of a sweep.
    """
    found: list[float] = []
    best: Validated | None = None
    for row in history:
        best = _lower(best, row)
        found.append(math.nan if best is None or best.val_accuracy is None else float(best.val_accuracy))
    return found


def pack_history(history: Sequence[Epoch]) -> State:
    """Turn at least one epoch into arrays for a state: (epochs, 5) float64 and (epochs, classes, classes) int64."""
    rows = [(e.train_loss, e.train_accuracy, e.val_loss, e.val_accuracy, e.seconds) for e in history]
    return {"history": np.array(rows, np.float64), "history_confusion": np.stack([e.val_confusion for e in history])}


def unpack_history(state: State) -> list[Epoch]:
    """Undo :func:`pack_history`; other names in ``state`` are left alone."""
    rows = zip(state["history"].tolist(), state["history_confusion"], strict=True)
    return [Epoch(n, a, b, c, d, e, confusion) for n, ((a, b, c, d, e), confusion) in enumerate(rows, start=1)]

"""The door of results: what a trainable hands over becomes plain numbers and arrays here, or is refused in one line.

It stands in the process that trains, so that only checked values travel, are compared or are written; nothing further
in checks them again. Both ways of training and the contract use it: hence here, below them all.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal, TypeVar

import numpy as np

from results.checks import EPOCHS, MOST, TEST_IMAGES
from results.errors import LONGEST_TEXT, BadResult, named, shown
from results.outcome import ROUNDING, Epoch, Outcome, Predictions, agree, selected
from study.recording.numbers import number_of, plain_array, plain_arrays, whole

T = TypeVar("T")

LONGEST_EPOCH = 1e9  # seconds, some thirty years: a record's sum of them then stays within what its reader takes
STATUSES: tuple[Literal["complete", "stopped", "diverged"], ...] = ("complete", "stopped", "diverged")
ACCURACIES, LOSSES = ("train_accuracy", "val_accuracy"), ("train_loss", "val_loss")


class Checker:
    """Stands between one training and whoever takes its results.

    What is refused once stays refused: a trainable that swallows the exception in ``on_epoch`` still fails.
    ``broken`` is that refusal; ``diverged`` says after which epoch a loss was not finite, once one was.

    Args:
        epochs: the most that the config allows; None where it says nothing.
        data: what is trained on, as data.check_data lets it pass.
        after: the epoch after which an interrupted training goes on.
    """

    def __init__(self, epochs: int | None, data: Any, after: int = 0) -> None:
        self._epochs, self._classes = epochs, len(data.class_names)
        self._test_labels = np.array(data.test_labels)  # a copy: a trainable may write on its data
        self._last = self._resumed = after
        self._images: int | None = None  # of validation
        self.broken: BadResult | None = None
        self.diverged: str | None = None

    def epoch(self, epoch: Any) -> Epoch:
        """Return the epoch that follows as plain values. Raises BadResult.

        The first may be 1 after an interruption too: a trainable that begins anew is slow, not wrong.
        """
        return self._refusing(self._epoch, epoch)

    def outcome(self, outcome: Any) -> Outcome:
        """Return the whole outcome as plain values. Raises BadResult, also for what was refused before.

        One with a loss that is not finite becomes ``diverged``, whatever it says of itself: its scores say nothing.
        """
        return self._refusing(self._outcome, outcome)

    def _refusing(self, check: Callable[[Any], T], value: Any) -> T:
        if self.broken is None:
            try:
                with np.errstate(all="ignore"):  # what overflows or is no number is told below, in our words
                    return check(value)
            except KeyboardInterrupt:
                raise
            except BadResult as error:
                self.broken = error
            except BaseException as error:  # noqa: BLE001 - numbers of a trainable's own kind may raise anything
                self.broken = BadResult(f"what fit handed over cannot be read: {named(error)}")
        raise self.broken

    def _epoch(self, epoch: Any) -> Epoch:
        number = whole(epoch.epoch, "epoch")
        if number == 1 and self._last == self._resumed:
            self._last = 0
        self._resumed = -1
        if number != self._last + 1:
            raise BadResult(f"epoch is {number}, where {self._last + 1} follows: epochs count 1, 2, 3, ...")
        row = self._row(epoch, number)
        self._last = number
        return row

    def _row(self, epoch: Any, number: int) -> Epoch:
        where = f"epoch {number}: "
        if number > (EPOCHS if self._epochs is None else self._epochs):
            said = (
                f"the config says epochs={self._epochs}" if self._epochs is not None else f"at most {EPOCHS} are read"
            )
            raise BadResult(f"{where}{said}, so it is one too many")
        values = {name: number_of(getattr(epoch, name), where + name) for name in LOSSES}
        finite = all(math.isfinite(loss) for loss in values.values())  # else the accuracies may be NaN as well
        values |= {name: _accuracy(getattr(epoch, name), where + name, finite) for name in ACCURACIES}
        seconds = number_of(epoch.seconds, f"{where}seconds")
        if not 0 <= seconds <= LONGEST_EPOCH:
            raise BadResult(f"{where}seconds is {seconds:g}, not within 0..{LONGEST_EPOCH:g}")
        matrix = self._matrix(epoch.val_confusion, f"{where}val_confusion")
        share, accuracy = np.trace(matrix) / matrix.sum(), values["val_accuracy"]
        if finite and not agree(share, accuracy, int(matrix.sum())):
            raise BadResult(f"{where}val_accuracy is {accuracy:.4f}, but val_confusion has {share:.4f} on its diagonal")
        if not math.isnan(accuracy):
            values["val_accuracy"] = float(share)  # exactly what the matrix says, without the rounding
        row = Epoch(epoch=number, seconds=seconds, val_confusion=matrix, **values)
        self.diverged = self.diverged or not_finite(row)
        return row

    def _matrix(self, value: Any, field: str) -> np.ndarray:
        matrix, shape = plain_array(value, field), (self._classes, self._classes)
        if matrix.shape != shape:
            raise BadResult(f"{field} is of shape {matrix.shape}; {self._classes} classes have {shape}")
        if not (np.isfinite(matrix).all() and (matrix >= 0).all() and (matrix <= TEST_IMAGES).all()):
            raise BadResult(f"{field} holds {matrix.min():g} to {matrix.max():g}, not counts of images")
        if not (matrix == np.rint(matrix)).all():
            raise BadResult(f"{field} holds {matrix[matrix != np.rint(matrix)][0]:g}, not a count of images")
        images = int(matrix.sum(dtype=np.float64))
        if not 0 < images <= TEST_IMAGES:
            raise BadResult(f"{field} counts {images} images, not 1..{TEST_IMAGES}")
        if self._images not in (None, images):
            raise BadResult(
                f"{field} counts {images} images, earlier ones {self._images}: the split is one and the same"
            )
        self._images = images
        return matrix.astype(np.int64)

    def _outcome(self, outcome: Any) -> Outcome:
        if not isinstance(outcome, Outcome):
            raise BadResult(f"fit returned {type(outcome).__name__}, not results.outcome.Outcome")
        status = next(
            (known for known in STATUSES if isinstance(outcome.status, str) and outcome.status == known), None
        )
        if status is None:
            raise BadResult(f"status is {shown(outcome.status)}, not {', '.join(STATUSES[:-1])} or {STATUSES[-1]}")
        history = self._history(outcome.history, complete=status == "complete")
        parameters = whole(outcome.parameters, "parameters")
        if not 0 <= parameters <= MOST:
            raise BadResult(f"parameters is {shown(parameters)}, not within 0..2**53")
        if status == "complete" and not self.diverged:
            return self._completed(Outcome(status, history, parameters=parameters), outcome)
        error = self.diverged if outcome.error is None else str(outcome.error)[:LONGEST_TEXT]
        return Outcome("diverged" if self.diverged else status, history, parameters=parameters, error=error)

    def _history(self, value: Any, complete: bool) -> list[Epoch]:
        if not isinstance(value, list | tuple):
            raise BadResult(f"history is {shown(value)}, not a list of epochs")
        rows = (
            list.__iter__(value) if isinstance(value, list) else tuple.__iter__(value)
        )  # not one of its own, without end
        history = [self._row(row, whole(row.epoch, "epoch")) for row in rows]
        numbers = [row.epoch for row in history]
        if numbers != sorted(set(numbers)) or (numbers and numbers[0] < 1):
            raise BadResult(f"history has epochs {shown(numbers)}: they count 1, 2, 3, ...")
        if complete and numbers != list(range(1, max(1, self._last, len(numbers)) + 1)):
            raise BadResult(
                f"history has epochs {shown(numbers)}: a complete outcome has all from 1 to {max(1, self._last)}"
            )
        return history

    def _completed(self, plain: Outcome, outcome: Any) -> Outcome:
        best = selected(plain.history)
        assert best is not None, "the losses of all epochs are finite, or the outcome had diverged"
        if outcome.best_epoch is not None and whole(outcome.best_epoch, "best_epoch") != best.epoch:
            raise BadResult(
                f"best_epoch is {shown(outcome.best_epoch)}, but epoch {best.epoch} has the lowest validation loss "
                f"({best.val_loss:.4g}): keep that epoch's weights; results.outcome.best_epoch(history) finds it"
            )
        plain.best_epoch = best.epoch
        plain.val = self._predictions(outcome.val, "val", None)
        plain.test = self._predictions(outcome.test, "test", self._test_labels)
        counted, then = len(plain.val.labels), best.val_accuracy
        if counted != self._images:
            raise BadResult(f"val predicts {counted} images, val_confusion counts {self._images}")
        if not agree(plain.val.accuracy, then, counted):
            raise BadResult(
                f"val is right on {plain.val.accuracy:.4f} of its images, but best_epoch {best.epoch} has "
                f"val_accuracy {then:.4f}: predict with the weights of that epoch"
            )
        plain.features = self._features(outcome.features)
        plain.weights = plain_arrays({} if outcome.weights is None else outcome.weights, "weights")
        return plain

    def _predictions(self, value: Any, split: str, expected: np.ndarray | None) -> Predictions:
        if value is None:
            raise BadResult(f"{split} is missing: a complete outcome has predictions on validation and test images")
        field = f"{split}.probabilities"
        p = np.asarray(plain_array(value.probabilities, field), np.float32)
        labels = plain_array(value.labels, f"{split}.labels")
        if p.ndim != 2 or p.shape != (len(p), self._classes) or labels.shape != (len(p),):
            raise BadResult(f"{field} is of shape {p.shape} and labels {labels.shape}, not (images, {self._classes})")
        if expected is not None and len(labels) != len(expected):
            raise BadResult(f"{split} predicts {len(labels)} images, the data have {len(expected)}")
        if labels.dtype.kind not in "iu" or (len(labels) and not 0 <= labels.min() <= labels.max() < self._classes):
            raise BadResult(f"{split}.labels are {shown(labels)}, not class numbers 0..{self._classes - 1}")
        if expected is not None and not np.array_equal(labels, expected):
            at = int(np.argmax(labels != expected))
            raise BadResult(
                f"{split}.labels has {labels[at]} for image {at}, the data {expected[at]}: keep their order"
            )
        if not np.isfinite(p).all() or (p < 0).any():
            bad = p[~np.isfinite(p) | (p < 0)][0]
            raise BadResult(f"{field} holds {bad}, not within 0..1: hand over softmax, not logits")
        sums = p.sum(axis=1, dtype=np.float64)
        if (abs(sums - 1) > ROUNDING).any():
            off = sums[np.argmax(abs(sums - 1))]
            raise BadResult(f"{field}: a row adds up to {off:.4g}, not 1: softmax?")
        loss = number_of(value.loss, f"{split}.loss")
        if math.isnan(loss):
            raise BadResult(f"{split}.loss is nan, though the losses of all epochs are finite")
        return Predictions(p, labels.astype(np.int64), loss)

    def _features(self, value: Any) -> np.ndarray | None:
        if value is None:
            return None
        features = np.asarray(plain_array(value, "features"), np.float32)
        if features.ndim != 2 or len(features) != len(self._test_labels) or not features.shape[1]:
            raise BadResult(
                f"features is of shape {features.shape}, not ({len(self._test_labels)} test images, numbers)"
            )
        if not np.isfinite(features).all():
            raise BadResult(f"features holds {features[~np.isfinite(features)][0]}, not finite numbers alone")
        return features


def not_finite(epoch: Epoch) -> str | None:
    """Say that a training diverged in this epoch; None where it did not."""
    if math.isfinite(epoch.val_loss) and math.isfinite(epoch.train_loss):
        return None
    which = "validation" if math.isfinite(epoch.train_loss) else "training"
    return f"the {which} loss was not finite after epoch {epoch.epoch}"


def _accuracy(value: Any, field: str, finite: bool) -> float:
    accuracy = number_of(value, field)
    if math.isnan(accuracy) and not finite:  # the loss has said already that there is no score
        return accuracy
    if not -1e-6 <= accuracy <= 1 + 1e-6:  # a mean of float32 may lie a rounding outside
        raise BadResult(f"{field} is {accuracy:.4g}, not within 0..1: a fraction, not percent")
    return min(1.0, max(0.0, accuracy))

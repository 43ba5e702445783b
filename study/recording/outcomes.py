"""The door of results: what a trainable hands over becomes plain numbers and arrays here, or is refused in one line.

It stands in the process that trains, so that only checked values travel, are compared or are written; nothing further
in checks them again. What a user gets wrong is said with its mend.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np

from results.checks import EPOCHS, EXAMPLES, MEAN, MOST, VALUES
from results.errors import BadResult, named, shown
from results.metric import Metric, is_accuracy, is_name, selection, split_name
from results.outcome import ROUNDING, Epoch, Predictions, State, agree
from study.recording.numbers import number_of, plain_array, plain_arrays, whole

T = TypeVar("T")
Answers = tuple[Any, Any]
"""Probabilities and labels, unchecked."""


class Checker:
    """Stands between one training and whoever takes its results.

    What is refused once stays refused: ``broken`` is that refusal. ``diverged`` says after which epoch a value was not
    finite, once one was.

    Args:
        metric: what the training must report.
        epochs: the most that the config allows; None where it says nothing.
        data: what is trained on; its ``class_names`` and ``test_labels``, if it has them, bind predictions.
    """

    def __init__(self, metric: Metric, epochs: int | None, data: Any) -> None:
        self._metric, self._epochs = metric, epochs
        names, labels = getattr(data, "class_names", None), getattr(data, "test_labels", None)
        self._declared = names is not None
        self._classes = len(names) if names is not None else None
        self._test_labels = (
            None if labels is None or names is None else np.array(labels)
        )  # a copy: it may be written on
        self._images: int | None = None  # examples of validation
        self.broken: BadResult | None = None
        self.diverged: str | None = None

    # -- what a training hands over --------------------------------------------------------------------------------

    def epoch(self, number: int, values: Any, seconds: float, val: Answers | None) -> tuple[Epoch, Predictions | None]:
        """Return an epoch and its validation predictions as plain values. Raises BadResult."""
        return self._refusing(self._epoch, number, values, seconds, val)

    def end(self, values: Any, answers: Answers | None) -> tuple[dict[str, float], Predictions | None]:
        """Return the test values and predictions of a whole training as plain values. Raises BadResult."""
        return self._refusing(self._end, values, answers)

    def validation(self, answers: Answers, at_best: Epoch) -> Predictions:
        """Return validation predictions made at the end: they must be those of the best epoch. Raises BadResult."""
        return self._refusing(self._validation, answers, at_best)

    def examples(self, values: Any, test: dict[str, float]) -> np.ndarray:
        """Return a score for each test example, (n,) bool or float32, whose mean is the test value. Raises BadResult.

        Of bools the test value becomes exactly their mean.
        """
        return self._refusing(self._examples, values, test)

    def features(self, values: Any, test: Predictions | None) -> np.ndarray:
        """Return (test examples, dimensions) float32. Raises BadResult."""
        return self._refusing(self._features, values, test)

    def weights(self, state: Any) -> State:
        """Return weights as plain arrays. Raises BadResult."""
        return self._refusing(plain_arrays, state, "weights")

    def parameters(self, value: Any) -> int:
        """Return how many numbers were trained. Raises BadResult."""
        return self._refusing(_parameters, value)

    def class_names(self, given: list[str] | None) -> list[str] | None:
        """Return the names that the outcome keeps: those the data do not have. Raises BadResult."""
        return self._refusing(self._class_names, given)

    def _refusing(self, check: Callable[..., T], *values: Any) -> T:
        if self.broken is None:
            try:
                with np.errstate(all="ignore"):  # what overflows or is no number is told below, in our words
                    return check(*values)
            except KeyboardInterrupt:
                raise
            except BadResult as error:
                self.broken = error
            except BaseException as error:  # noqa: BLE001 - numbers of a trainable's own kind may raise anything
                self.broken = BadResult(f"what the training handed over cannot be read: {named(error)}")
        raise self.broken

    # -- an epoch --------------------------------------------------------------------------------------------------

    def _epoch(self, number: int, values: Any, seconds: float, val: Answers | None) -> tuple[Epoch, Predictions | None]:
        where = f"epoch {number}: "
        if number > (EPOCHS if self._epochs is None else self._epochs):
            most = f"at most {EPOCHS} are read" if self._epochs is None else f"the config says epochs={self._epochs}"
            raise BadResult(f"{where}{most}, so it is one too many")
        plain = self._values(values, where, "yield")
        predictions = None if val is None else self._predictions(val, f"{where}val")
        if predictions is not None:
            self._same_split(len(predictions.labels), f"{where}val")
            self._accuracy(plain, predictions, "val", where)
        missing = {self._metric.name, selection(self._metric)[0]} - plain.keys()
        if missing:
            name = min(missing)
            raise BadResult(
                f"{where}no '{name}' among {_listed(plain)}: yield {{'{name}': ...}}, or declare another Metric"
            )
        row = Epoch(number, plain, seconds, predictions.confusion if predictions else None)
        self.diverged = self.diverged or not_finite(row)
        return row, predictions

    def _values(self, values: Any, where: str, how: str) -> dict[str, float]:
        if not isinstance(values, Mapping):
            what = "nothing" if values is None else shown(values)
            raise BadResult(f"{where}{how} gave {what}, not a dict of values: {how} {{'{self._metric.name}': ...}}")
        if len(values) > VALUES:
            raise BadResult(f"{where}{len(values)} values; at most {VALUES} are kept")
        plain = {}
        for name, value in list(values.items()):
            if not is_name(name):
                raise BadResult(
                    f"{where}{shown(name)} is no name of a value: letters, digits and _ . - /, e.g. 'val_loss'"
                )
            plain[str(name)] = self._bounded(str(name), number_of(value, where + name), where)
        return plain

    def _bounded(self, name: str, value: float, where: str) -> float:
        share = self._metric.unit == "%" and name in (self._metric.name, self._metric.test)
        if not (share or is_accuracy(name)) or not math.isfinite(value):
            return value
        if not -1e-6 <= value <= 1 + 1e-6:  # a mean of float32 may lie a rounding outside
            raise BadResult(f"{where}{name} is {value:.4g}, not within 0..1: a fraction, not percent: divide by 100?")
        return min(1.0, max(0.0, value))

    def _same_split(self, examples: int, field: str) -> None:
        if self._images not in (None, examples):
            raise BadResult(
                f"{field} has {examples} examples, earlier ones {self._images}: the split is one and the same"
            )
        self._images = examples

    def _accuracy(self, values: dict[str, float], found: Predictions, split: str, where: str) -> None:
        """Make the accuracy among the values exactly what the predictions say; they must agree up to rounding."""
        names = [
            n for n in values if is_accuracy(n) and split_name(n)[0] == {"val": "validation", "test": "test"}[split]
        ]
        metric = self._metric.name if split == "val" else self._metric.test
        if self._metric.is_accuracy and metric is not None and metric not in values:
            names.append(metric)  # predictions alone are enough
        for name in names:
            said, share = values.get(name, found.accuracy), found.accuracy
            if math.isfinite(said) and not agree(share, said, len(found.labels)):
                raise BadResult(f"{where}{name} is {said:.4f}, but the predictions are right on {share:.4f}")
            if not math.isnan(said):
                values[name] = share

    # -- the end ---------------------------------------------------------------------------------------------------

    def _end(self, values: Any, answers: Answers | None) -> tuple[dict[str, float], Predictions | None]:
        plain = {} if values is None else self._values(values, "", "return")
        test = None
        if answers is not None:
            test = self._predictions(answers, "test", self._test_labels)
            self._accuracy(plain, test, "test", "")
        elif self._declared and self._metric.is_accuracy and self._metric.test is not None:
            raise BadResult(
                "the data have class_names, but no test predictions were left: run.predictions('test', "
                "probabilities, labels) before the return"
            )
        name = self._metric.test
        if name is not None and name not in plain:
            raise BadResult(
                f"no '{name}' among the returned {_listed(plain)}: return {{'{name}': ...}}, or declare "
                "Metric(..., test=None)"
            )
        for each, value in plain.items():
            if not math.isfinite(value):
                raise BadResult(f"{each} is {value:g} at the end, though every epoch's values are finite")
        return plain, test

    def _validation(self, answers: Answers, at_best: Epoch) -> Predictions:
        found = self._predictions(answers, "val")
        self._same_split(len(found.labels), "val")
        then = next((v for n, v in at_best.values.items() if is_accuracy(n) and split_name(n)[0] == "validation"), None)
        if then is not None and not agree(found.accuracy, then, len(found.labels)):
            raise BadResult(
                f"val is right on {found.accuracy:.4f} of its examples, but the best epoch, {at_best.epoch}, has "
                f"{then:.4f}: predict with its weights: run.restore_best()?"
            )
        return found

    def _predictions(self, answers: Answers, split: str, expected: np.ndarray | None = None) -> Predictions:
        field = f"{split}.probabilities"
        p = np.asarray(plain_array(_host(answers[0]), field), np.float32)
        labels = plain_array(_host(answers[1]), f"{split}.labels")
        if p.ndim == 1 or (p.ndim == 2 and p.shape[1] == 1):  # of the second of two classes
            p = np.stack([1 - p.reshape(-1), p.reshape(-1)], axis=1)
        classes = self._classes = self._classes or (p.shape[1] if p.ndim == 2 else 0)
        if p.ndim != 2 or p.shape != (len(p), classes) or labels.shape != (len(p),) or not len(p):
            raise BadResult(f"{field} is of shape {p.shape} and labels {labels.shape}, not (examples, {classes})")
        if expected is not None and len(labels) != len(expected):
            raise BadResult(f"{split} predicts {len(labels)} examples, the data have {len(expected)}")
        if labels.dtype.kind not in "biu" or not 0 <= labels.min() <= labels.max() < classes:
            raise BadResult(
                f"{split}.labels are {shown(labels)}, not class numbers 0..{classes - 1} (a regression leaves none)"
            )
        if expected is not None and not np.array_equal(labels, expected):
            at = int(np.argmax(labels != expected))
            raise BadResult(
                f"{split}.labels has {labels[at]} for example {at}, the data {expected[at]}: keep their order"
            )
        if not np.isfinite(p).all() or (p < 0).any():
            bad = p[~np.isfinite(p) | (p < 0)][0]
            raise BadResult(f"{field} holds {bad}, not within 0..1: hand over softmax, not logits")
        sums = p.sum(axis=1, dtype=np.float64)
        if (abs(sums - 1) > ROUNDING).any():
            off = sums[np.argmax(abs(sums - 1))]
            raise BadResult(f"{field}: a row adds up to {off:.4g}, and each row must sum to 1: softmax?")
        return Predictions(p, labels.astype(np.int64))

    def _examples(self, values: Any, test: dict[str, float]) -> np.ndarray:
        if self._metric.test is None:
            raise BadResult("run.examples needs a metric with a test value: Metric(..., test='test_...')")
        array = plain_array(_host(values), "examples")
        if array.ndim != 1 or not 0 < len(array) <= EXAMPLES:
            raise BadResult(f"examples is of shape {array.shape}, not (test examples,)")
        array = array if array.dtype == bool else np.asarray(array, np.float32)
        if not np.isfinite(array).all():
            raise BadResult(f"examples holds {array[~np.isfinite(array)][0]}, not finite numbers alone")
        value, mean = test[self._metric.test], float(array.mean(dtype=np.float64))
        if abs(mean - value) > max(ROUNDING * (array.dtype == bool), MEAN * float(np.abs(array).max())):
            raise BadResult(
                f"{self._metric.test} is {value:.6g}, but the mean over examples is {mean:.6g}: leave run.examples out "
                "where the metric is no mean (RMSE, AUC)"
            )
        if array.dtype == bool:
            test[self._metric.test] = int(array.sum()) / len(array)
        return array

    def _features(self, value: Any, test: Predictions | None) -> np.ndarray:
        features = np.asarray(plain_array(_host(value), "features"), np.float32)
        n = len(features) if test is None and features.ndim else 0 if test is None else len(test.labels)
        if features.ndim != 2 or len(features) != n or not features.shape[1]:
            raise BadResult(f"features is of shape {features.shape}, not ({n} test examples, numbers)")
        if not np.isfinite(features).all():
            raise BadResult(f"features holds {features[~np.isfinite(features)][0]}, not finite numbers alone")
        return features

    def _class_names(self, given: list[str] | None) -> list[str] | None:
        if given is None or self._declared or self._classes is None:
            return None
        if len(given) != self._classes:
            raise BadResult(f"{len(given)} classes are named, the predictions have {self._classes}")
        if len(set(given)) < len(given):
            raise BadResult(f"two classes are called {shown(next(n for n in given if given.count(n) > 1))}")
        return given


def not_finite(epoch: Epoch) -> str | None:
    """Say that a training diverged in this epoch; None where it did not."""
    bad = next((name for name, value in epoch.values.items() if not math.isfinite(value)), None)
    return None if bad is None else f"{_readable(bad)} was not finite after epoch {epoch.epoch}"


def _parameters(value: Any) -> int:
    parameters = whole(value, "parameters")
    if not 0 <= parameters <= MOST:
        raise BadResult(f"parameters is {shown(parameters)}, not within 0..2**53")
    return parameters


def _readable(name: str) -> str:
    split, rest = split_name(name)
    return f"the {split} {rest}" if split else f"the training {rest[6:]}" if rest.startswith("train ") else f"'{name}'"


def _listed(values: Mapping[str, float]) -> str:
    return ", ".join(f"'{name}'" for name in list(values)[:10]) or "no values"


def _host(value: Any) -> Any:
    """Bring a tensor to where numpy can read it: from a GPU, out of the graph, from bf16."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        return value.float() if value.is_floating_point() else value
    return value

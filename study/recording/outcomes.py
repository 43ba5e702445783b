"""The door of results: what a trainable hands over becomes plain numbers and arrays here, or is refused in one line.

It stands in the process that trains, so that only checked values travel, are compared or are written; nothing further
in checks them again. What a user gets wrong is said with its mend.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np

from results.checks import EPOCHS, MOST, VALUES
from results.errors import BadResult, named, shown
from results.metric import LARGEST, Metric
from results.names import is_accuracy, is_loss, is_name, split_name
from results.outcome import Epoch, Predictions, State, agree
from study.recording.answers import Answers, NotFinite, examples_of, features_of, predictions_of
from study.recording.numbers import number_of, plain_arrays, whole

T = TypeVar("T")


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
        known = labels is not None and names is not None
        self._test_labels = np.array(labels) if known else None  # a copy: they may be written on
        self._test_examples = None if labels is None else len(labels)
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

    def examples(self, values: Any, test: dict[str, float], found: Predictions | None) -> np.ndarray | None:
        """Return a score for each test example, (n,) bool or float32, whose mean is the test value; None for none.

        An accuracy's are those of the predictions, if there are any. Of bools the test value becomes exactly their
        mean. Raises BadResult.
        """
        borne_out = found is not None and self._metric.is_accuracy and self._metric.test is not None
        if values is None and not borne_out:
            return None
        return self._refusing(
            examples_of, values, self._metric, test, self._test_examples, found if borne_out else None
        )

    def features(self, values: Any, test: Predictions | None) -> np.ndarray:
        """Return (test examples, dimensions) float32. Raises BadResult."""
        return self._refusing(features_of, values, test)

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
        diverged = not_finite(Epoch(number, plain, seconds), self._metric)
        predictions = None
        try:
            predictions = None if val is None else self._predictions(val, f"{where}val")
        except NotFinite:
            diverged = diverged or f"a validation probability was not finite after epoch {number}"
        except BadResult:
            if not diverged:  # else what was predicted is no longer of interest
                raise
        if predictions is not None:
            self._same_split(len(predictions.labels), f"{where}val")
            self._accuracy(plain, predictions, "val", where)
        missing = {self._metric.name, self._metric.selects[0]} - plain.keys()
        if missing:
            name = min(missing)
            raise BadResult(
                f"{where}no '{name}' among {_listed(plain)}: yield {{'{name}': ...}}, or declare another Metric"
            )
        row = Epoch(number, plain, seconds, predictions.confusion if predictions else None)
        self.diverged = self.diverged or diverged
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
        if abs(value) > LARGEST:  # a training on its way to infinity
            return math.copysign(math.inf, value)
        if not self._metric.is_fraction(name) or not math.isfinite(value):
            return value
        if not -1e-6 <= value <= 1 + 1e-6:  # a mean of float32 may lie a rounding outside
            raise BadResult(
                f"{where}{name} is {value:.4g}, not within 0..1: a fraction, not percent: divide by 100, or read it "
                "with its %"
            )
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
                f"the end has no '{name}' (it has {_listed(plain)}): return {{'{name}': ...}}, or declare "
                "Metric(..., test=None)"
            )
        if name is not None and not math.isfinite(plain[name]):
            raise BadResult(f"{name} is {plain[name]:g} at the end, though every epoch's values are finite")
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
        found = predictions_of(answers, split, self._classes, expected)
        self._classes = found.probabilities.shape[1]
        return found

    def _class_names(self, given: list[str] | None) -> list[str] | None:
        if given is None or self._declared or self._classes is None:
            return None
        if len(given) != self._classes:
            raise BadResult(f"{len(given)} classes are named, the predictions have {self._classes}")
        if len(set(given)) < len(given):
            raise BadResult(f"two classes are called {shown(next(n for n in given if given.count(n) > 1))}")
        return given


def not_finite(epoch: Epoch, metric: Metric) -> str | None:
    """Say that a training diverged in this epoch; None where it did not.

    By its metric, by what selects the epoch, and by whatever is called a loss: other values, such as the norm of a
    gradient in mixed precision, may be infinite now and then.
    """
    decisive = {metric.name, metric.selects[0]}
    bad = next((n for n, v in epoch.values.items() if not math.isfinite(v) and (n in decisive or is_loss(n))), None)
    return None if bad is None else f"{_readable(bad)} was not finite after epoch {epoch.epoch}"


def _parameters(value: Any) -> int:
    parameters = whole(value, "parameters")
    if not 0 <= parameters <= MOST:
        raise BadResult(f"parameters is {shown(parameters)}, not within 0..2**53")
    return parameters


def _readable(name: str) -> str:
    split, rest = split_name(name)
    return f"the {split} {rest}" if split else f"'{name}'"


def _listed(values: Mapping[str, float]) -> str:
    return ", ".join(f"'{name}'" for name in list(values)[:10]) or "no values"

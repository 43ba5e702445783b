"""The door of results: what is refused, with the field, the rule and the mend; what becomes plain; what diverges."""

from __future__ import annotations

import re
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import confusion_matrix, roc_auc_score

from results.errors import BadResult
from results.metric import Metric
from results.outcome import Epoch
from study.recording.outcomes import Checker

LABELS = np.array([0, 1, 2, 0, 1, 2])
DATA = SimpleNamespace(name="d", fingerprint="f", class_names=["a", "b", "c"], train_labels=LABELS, test_labels=LABELS)
SURE = (np.eye(3)[[0, 1, 2, 0, 1, 1]] * 0.94 + 0.02).astype(np.float32)  # the last of six is wrong
RIGHT = 5 / 6
VALUES = {"val_loss": 0.5, "val_accuracy": RIGHT}
ACCURACY = Metric("val_accuracy", unit="%", test="test_accuracy", select="val_loss:min")
RMSE = Metric("val_rmse", "min", "mpg", test="test_rmse")


class Angry:
    def __float__(self) -> float:
        raise RuntimeError("no")

    def __repr__(self) -> str:
        raise RuntimeError("no")


def refused(call: Any) -> str:
    with pytest.raises(BadResult) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (VALUES | {"val_accuracy": 83.0}, "epoch 1: val_accuracy is 83, not within 0..1: a fraction, not percent"),
        (VALUES | {"val_accuracy": -0.1}, "epoch 1: val_accuracy is -0.1, not within 0..1"),
        (VALUES | {"val_accuracy": 0.5}, "epoch 1: val_accuracy is 0.5000, but the predictions are right on 0.8333"),
        (VALUES | {"val_loss": None}, "epoch 1: val_loss is None, not a number"),
        (VALUES | {"train_loss": "0.3"}, "epoch 1: train_loss is '0.3', not a number"),
        (VALUES | {"val_loss": np.ones(2)}, "epoch 1: val_loss is an array of shape (2,), not one number"),
        (VALUES | {"val_loss": torch.ones(1)}, "epoch 1: val_loss is an array of shape (1,), not one number"),
        (VALUES | {"val_loss": True}, "epoch 1: val_loss is True, not a number"),
        (VALUES | {"val_loss": Angry()}, "epoch 1: val_loss is <Angry instance at"),
        (VALUES | {"the loss": 1.0}, "'the loss' is no name of a value: letters, digits and _ . - /, e.g. 'val_loss'"),
        (VALUES | {1: 1.0}, "1 is no name of a value"),
        ({"val_accuracy": RIGHT}, "no 'val_loss' among 'val_accuracy': yield {'val_loss': ...}, or declare"),
        ({f"v{i}": 1.0 for i in range(1001)}, "1001 values; at most 1000 are kept"),
        (None, "epoch 1: yield gave nothing, not a dict of values: yield {'val_accuracy': ...}"),
        (0.3, "epoch 1: yield gave 0.3, not a dict of values"),
        ([("val_loss", 0.5)], "not a dict of values"),
    ],
)  # fmt: skip
def test_wrong_values_of_an_epoch_are_refused(values: Any, said: str) -> None:
    assert said in refused(lambda: Checker(ACCURACY, 3, DATA).epoch(1, values, 0.1, (SURE, LABELS)))


ANSWERS: list[tuple[Any, Any, str]] = [
    (SURE[:5], LABELS[:5], "test predicts 5 examples, the data have 6"),
    (SURE, LABELS[::-1], "test.labels has 2 for example 0, the data 0: keep their order"),
    (SURE, LABELS.astype(float), "test.labels are float64, not class numbers 0..2 as integers (a regression leaves no"),
    (SURE, LABELS + 1, "test.labels go from 1 to 3, not within 0..2: labels count from 0"),
    (SURE, np.eye(3, dtype=int)[LABELS], "labels (6, 3), not (examples, 3) and (examples,)"),
    (SURE * np.nan, LABELS, "test.probabilities holds nan"),
    (-SURE, LABELS, "hand over softmax, not logits"),
    (SURE * 2, LABELS, "a row adds up to 2, and each row must sum to 1: softmax?"),
    (torch.randn(6, 3).exp(), LABELS, "each row must sum to 1: softmax?"),
    (SURE[:, :2], LABELS, "test.probabilities is of shape (6, 2)"),
    (SURE[:, 0], LABELS, "test.probabilities is of shape (6, 2) and labels (6,), not (examples, 3)"),
    ("high", LABELS, "test.probabilities is of <U4, not of numbers or bools"),
    (SURE, [[1], [2, 3]], "test.labels is no array: ValueError"),
]


@pytest.mark.parametrize(("probabilities", "labels", "said"), ANSWERS)
def test_wrong_predictions_are_refused(probabilities: Any, labels: Any, said: str) -> None:
    given = {"test_accuracy": RIGHT}
    assert said in refused(lambda: Checker(ACCURACY, 3, DATA).end(given, (probabilities, labels)))


@pytest.mark.parametrize(
    ("metric", "data", "values", "answers", "said"),
    [
        (RMSE, None, {}, None, "the end has no 'test_rmse' (it has no values): return {'test_rmse': ...}, or"),
        (RMSE, None, None, None, "the end has no 'test_rmse' (it has no values)"),
        (RMSE, None, {"rmse": 1.0}, None, "the end has no 'test_rmse' (it has 'rmse')"),
        (RMSE, None, {"test_rmse": np.inf}, None, "test_rmse is inf at the end, though every epoch's"),
        (ACCURACY, DATA, {"test_accuracy": 0.5}, None, "no test predictions were left: run.predictions('test', "),
        (ACCURACY, DATA, {"test_accuracy": 0.5}, (SURE, LABELS), "is 0.5000, but the predictions are right on 0.8333"),
    ],
)  # fmt: skip
def test_a_wrong_end_is_refused(metric: Metric, data: Any, values: Any, answers: Any, said: str) -> None:
    assert said in refused(lambda: Checker(metric, 3, data).end(values, answers))


def test_predictions_of_the_end_are_those_of_the_best_epoch() -> None:
    checker = Checker(ACCURACY, 3, DATA)
    row, _ = checker.epoch(1, VALUES, 0.1, (SURE, LABELS))
    assert checker.validation((SURE, LABELS), row).accuracy == RIGHT
    worse = SURE[[0] * 6]
    assert (
        "0.3333 of its examples, but the best epoch, 1, has 0.8333: predict with its weights: run.restore_best()?"
        in (refused(lambda: checker.validation((worse, LABELS), row)))
    )
    checker = Checker(ACCURACY, 3, DATA)
    checker.epoch(1, VALUES, 0.1, (SURE, LABELS))
    assert "has 12 examples, earlier ones 6: the split is one and the same" in refused(
        lambda: checker.epoch(2, VALUES, 0.1, (np.tile(SURE, (2, 1)), np.tile(LABELS, 2)))
    )


def test_what_is_right_passes_as_plain_values() -> None:
    checker = Checker(ACCURACY, 3, DATA)
    values = {"train_loss": torch.tensor(1.0), "val_loss": Decimal("0.5"), "val_accuracy": np.float16(RIGHT)}
    half = torch.tensor(SURE, requires_grad=True).to(torch.bfloat16)  # as autocast leaves them
    row, val = checker.epoch(1, values, 0.1, (half, torch.tensor(LABELS)))
    assert row.values == {"train_loss": 1.0, "val_loss": 0.5, "val_accuracy": RIGHT}  # exactly what the answers say
    assert {type(v) for v in row.values.values()} == {float}
    assert row.val_confusion.tolist() == confusion_matrix(LABELS, SURE.argmax(1)).tolist()
    assert val.probabilities.dtype == np.float32 and val.labels.dtype == np.int64
    test, found = checker.end({"test_accuracy": 0.8334, "test_loss": np.float32(0.25)}, (half, LABELS))
    assert test == {"test_accuracy": RIGHT, "test_loss": 0.25}
    assert checker.examples(None, test, found).tolist() == [True] * 5 + [False]
    assert checker.features(torch.ones(6, 2), found).dtype == np.float32
    assert type(checker.weights({"w": torch.ones(2)})["w"]) is np.ndarray and checker.parameters(np.int64(2)) == 2


def test_predictions_alone_say_an_accuracy() -> None:
    metric = Metric("val_acc", test="test_acc")
    checker = Checker(metric, None, None)
    row, _ = checker.epoch(1, {}, 0.1, (SURE, LABELS))
    test, _ = checker.end(None, (SURE, LABELS))
    assert (row.values, test) == ({"val_acc": RIGHT}, {"test_acc": RIGHT})


def test_of_two_classes_one_probability_is_enough() -> None:
    metric = Metric("val_auc", test="test_auc")
    p, y = np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1])
    for given in (p, p[:, None], torch.tensor(p), np.stack([1 - p, p], 1)):
        checker = Checker(metric, None, None)
        test, found = checker.end({"test_auc": roc_auc_score(y, p)}, (given, torch.tensor(y).bool()))
        assert test == {"test_auc": 0.75} and found.confusion.tolist() == [[2, 0], [1, 1]]
        assert checker.examples(None, test, found) is None  # an AUC is no mean: no score of an example bears it out
        assert checker.class_names(["no", "yes"]) == ["no", "yes"]
    said = refused(lambda: Checker(metric, None, None).end({"test_auc": 0.5}, (p * 7, y)))
    assert "hand over softmax, not logits" in said


@pytest.mark.parametrize(
    ("given", "said"),
    [(["a"], "1 classes are named, the predictions have 3"), (["a", "b", "a"], "two classes are called 'a'")],
)
def test_class_names_fit_the_predictions(given: list[str], said: str) -> None:
    checker = Checker(Metric("val_acc"), None, None)
    assert checker.class_names(given) is None  # without predictions there are no classes
    checker.epoch(1, {}, 0.1, (SURE, LABELS))
    assert said in refused(lambda: checker.class_names(given))
    assert Checker(ACCURACY, None, DATA).class_names(["x"]) is None  # the data say it


@pytest.mark.parametrize(
    ("values", "test", "kept"),
    [
        (np.array([1.0, 2.0, 6.0]), 3.0, [1, 2, 6]),
        (torch.tensor([1.0, 2.0, 6.0]).to(torch.bfloat16), 3.0, [1, 2, 6]),
        ([True, False, True, True], 0.75, [True, False, True, True]),
    ],
)
def test_scores_of_examples_bear_a_mean_out(values: Any, test: float, kept: list[Any]) -> None:
    metric = Metric("val_x", "min", test="test_x")
    assert Checker(metric, None, None).examples(values, {"test_x": test}, None).tolist() == kept


@pytest.mark.parametrize(
    ("metric", "values", "test", "said"),
    [
        (RMSE, np.array([3.0, 4.0]), np.sqrt(12.5), "but the mean over examples is 3.5: leave run.examples out"),
        (RMSE, np.ones((2, 2)), 1.0, "examples is of shape (2, 2), not (test examples,)"),
        (RMSE, np.array([np.nan, 1.0]), 1.0, "examples holds nan, not finite numbers alone"),
        (RMSE, np.ones(0), 1.0, "examples is of shape (0,)"),
        (Metric("val_x"), np.ones(2), 1.0, "run.examples needs a metric with a test value: Metric("),
    ],
)  # fmt: skip
def test_scores_of_examples_that_do_not_are_refused(metric: Metric, values: Any, test: float, said: str) -> None:
    assert said in refused(lambda: Checker(metric, None, None).examples(values, {"test_rmse": test}, None))


def test_scores_of_examples_are_as_many_as_the_test_set_has() -> None:
    data = SimpleNamespace(test_labels=np.ones(6))  # of a regression
    checker = Checker(RMSE, None, data)
    assert checker.examples(np.ones(6), {"test_rmse": 1.0}, None).tolist() == [1] * 6
    assert "examples has 5 scores, but the test set has 6" in refused(
        lambda: checker.examples(np.ones(5), {"test_rmse": 1.0}, None)
    )


def test_an_accuracys_scores_are_those_of_its_predictions() -> None:
    """Whatever the training left beside them: a record that tells it in two ways could not be read."""
    checker = Checker(Metric("val_acc", test="test_acc"), None, None)
    many, labels = np.tile(SURE, (100, 1)), np.tile(LABELS, 100)
    test, found = checker.end({}, (many, labels))
    own = found.correct.copy()
    own[0] = False  # predicted in another precision, one fell to the other side
    assert checker.examples(own, test, found).tolist() == found.correct.tolist()
    assert test == {"test_acc": RIGHT}


@pytest.mark.parametrize(
    ("what", "value", "said"),
    [
        ("features", np.full((6, 2), np.inf), "features holds inf, not finite numbers alone"),
        ("features", np.full((6, 2), 1e300), "features holds inf"),
        ("features", np.ones((5, 2)), "features is of shape (5, 2), not (6 test examples, numbers)"),
        ("weights", [1.0], "weights is [1.0], not a dict of arrays"),
        ("weights", np.ones(2), "weights is an array, not a dict of arrays"),
        ("weights", {"w": np.array(["cat"])}, "weights['w'] is of <U3, not of numbers or bools"),
        ("weights", {"w": np.ones(2, np.longdouble)}, "weights['w'] is of float128"),
        ("weights", {1: np.ones(2)}, "weights has the name 1: names are printable texts"),
        ("weights", {"__metadata__": np.ones(2)}, "weights has the name '__metadata__'"),
        ("parameters", 10**40, "not within 0..2**53"),
        ("parameters", -1, "parameters is -1, not within 0..2**53"),
        ("parameters", 1.5, "parameters is 1.5, not an integer"),
        ("parameters", None, "parameters is None, not an integer"),
    ],
)
def test_what_else_is_left_is_checked(what: str, value: Any, said: str) -> None:
    checker = Checker(ACCURACY, 3, DATA)
    _, test = checker.end({}, (SURE, LABELS))
    more = (test,) if what == "features" else ()
    assert said in refused(lambda: getattr(checker, what)(value, *more))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["val_loss", "val_accuracy", "train_loss"])
def test_a_value_that_is_not_finite_diverges_whatever_the_predictions_are(name: str, bad: float) -> None:
    said = {"val_loss": "the validation loss", "val_accuracy": "the validation accuracy"}
    for answers in (None, (SURE, LABELS), (SURE * np.nan, LABELS), (-SURE, LABELS)):
        checker = Checker(ACCURACY, 3, DATA)
        row, _ = checker.epoch(1, VALUES | {name: bad}, 0.1, answers)
        assert checker.diverged == f"{said.get(name, 'the training loss')} was not finite after epoch 1"
        assert isinstance(row, Epoch)


def test_another_value_may_be_infinite_now_and_then() -> None:
    """As the norm of a gradient is in mixed precision, whose first steps are skipped."""
    checker = Checker(ACCURACY, 3, DATA)
    row, _ = checker.epoch(1, VALUES | {"grad_norm": np.inf}, 0.1, (SURE, LABELS))
    assert checker.diverged is None and row.values["grad_norm"] == np.inf


def test_what_was_refused_stays_refused() -> None:
    checker = Checker(ACCURACY, 3, DATA)
    first = refused(lambda: checker.epoch(1, {"val_loss": None}, 0.1, None))
    assert re.search("val_loss is None", first)
    assert refused(lambda: checker.epoch(1, VALUES, 0.1, (SURE, LABELS))) == first
    assert refused(lambda: checker.end({}, (SURE, LABELS))) == first


@pytest.mark.parametrize("large", [1e101, -1e308, np.longdouble("1e300")])
def test_a_value_whose_square_is_no_number_is_infinite(large: Any) -> None:
    """Spreads, tests and axes could not be worked out with it; a loss as large is on its way there anyway."""
    check = Checker(Metric("val_loss", "min"), 5, None)
    row, _ = check.epoch(1, {"val_loss": 1.0, "norm": large}, 0.1, None)
    assert abs(row.values["norm"]) == np.inf and not check.diverged
    check.epoch(2, {"val_loss": large}, 0.1, None)
    assert check.diverged == "the validation loss was not finite after epoch 2"

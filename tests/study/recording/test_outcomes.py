"""The door of results: what is refused, with the field, the rule and the value; what becomes plain; what diverges."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from results.errors import BadResult
from results.outcome import Epoch, Outcome, predictions
from study.recording.outcomes import Checker

LABELS = np.array([0, 1, 2, 0, 1, 2])
DATA = SimpleNamespace(name="d", fingerprint="f", class_names=["a", "b", "c"], train_labels=LABELS, test_labels=LABELS)
SURE = np.eye(3)[[0, 1, 2, 0, 1, 1]]  # the last of six is wrong
ANSWERS = predictions(SURE * 0.94 + 0.02, LABELS)


def epoch(number: Any = 1, **changed: Any) -> Epoch:
    return replace(Epoch(number, 1.0, 0.5, 0.5, 5 / 6, 0.1, ANSWERS.confusion), **changed)


def outcome(**changed: Any) -> Outcome:
    history = [epoch(1), epoch(2, val_loss=0.4), epoch(3)]
    return replace(
        Outcome("complete", history, 2, ANSWERS, ANSWERS, weights={"w": np.ones(2)}, parameters=2), **changed
    )


def probable(factor: float) -> Any:
    return replace(ANSWERS, probabilities=ANSWERS.probabilities * factor)


def refused(what: Any, calls: list[Epoch] | None = None) -> str:
    checker = Checker(3, DATA)
    with pytest.raises(BadResult) as caught:
        for each in calls or []:
            checker.epoch(each)
        checker.epoch(what) if isinstance(what, Epoch) else checker.outcome(what)
    assert "\n" not in str(caught.value)
    return str(caught.value)


class Angry:
    def __float__(self) -> float:
        raise RuntimeError("no")

    def __repr__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"val_accuracy": 7.0}, "epoch 1: val_accuracy is 7, not within 0..1: a fraction, not percent"),
        ({"train_accuracy": -0.1}, "epoch 1: train_accuracy is -0.1, not within 0..1"),
        ({"val_accuracy": float("nan")}, "epoch 1: val_accuracy is nan, not within 0..1"),
        ({"val_accuracy": 0.5}, "epoch 1: val_accuracy is 0.5000, but val_confusion has 0.8333 on its diagonal"),
        ({"val_loss": None}, "epoch 1: val_loss is None, not a number"),
        ({"train_loss": "0.3"}, "epoch 1: train_loss is '0.3', not a number"),
        ({"val_loss": np.ones(2)}, "epoch 1: val_loss is an array of shape (2,), not one number"),
        ({"val_loss": np.ones(1)}, "epoch 1: val_loss is an array of shape (1,), not one number"),
        ({"val_loss": True}, "epoch 1: val_loss is True, not a number"),
        ({"val_loss": Angry()}, "epoch 1: val_loss is <Angry instance at"),
        ({"seconds": -1}, "epoch 1: seconds is -1, not within 0..1e+09"),
        ({"seconds": float("inf")}, "epoch 1: seconds is inf, not within 0..1e+09"),
        ({"epoch": 1.0}, "epoch is 1.0, not an integer"),
        ({"epoch": 0}, "epoch is 0, where 1 follows"),
        ({"val_confusion": np.ones((5, 5), int)}, "val_confusion is of shape (5, 5); 3 classes have (3, 3)"),
        ({"val_confusion": np.diag([5, 1, -1])}, "val_confusion holds -1 to 5, not counts of images"),
        ({"val_confusion": np.diag([5.5, 0, 0.5])}, "val_confusion holds 5.5, not a count of images"),
        ({"val_confusion": np.zeros((3, 3), int)}, "val_confusion counts 0 images"),
        ({"val_confusion": None}, "val_confusion is of object, not of numbers or bools"),
        ({"val_confusion": [[1], [2, 3]]}, "val_confusion is no array: ValueError"),
    ],
)  # fmt: skip
def test_a_wrong_epoch_is_refused(changed: dict[str, Any], said: str) -> None:
    assert said in refused(epoch(**changed))


@pytest.mark.parametrize(
    ("then", "said"),
    [
        (epoch(1), "epoch is 1, where 2 follows: epochs count 1, 2, 3, ..."),
        (epoch(3), "epoch is 3, where 2 follows"),
        (epoch(2, val_confusion=2 * ANSWERS.confusion), "counts 12 images, earlier ones 6"),
    ],
)
def test_an_epoch_that_does_not_follow_is_refused(then: Epoch, said: str) -> None:
    assert said in refused(then, [epoch(1)])
    assert "the config says epochs=3" in refused(epoch(4), [epoch(1), epoch(2), epoch(3)])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"status": "done"}, "status is 'done', not complete, stopped or diverged"),
        ({"history": []}, "history has epochs []: a complete outcome has all from 1 to 3"),
        ({"history": [epoch(1), epoch(2)]}, "a complete outcome has all from 1 to 3"),
        ({"history": [epoch(1), epoch(1), epoch(1)]}, "history has epochs [1, 1, 1]: they count 1, 2, 3"),
        ({"history": [epoch(1), epoch(2), epoch(4)]}, "epoch 4: the config says epochs=3"),
        ({"history": iter([epoch(1)])}, "not a list of epochs"),
        ({"history": None}, "history is None, not a list of epochs"),
        ({"best_epoch": 4}, "best_epoch is 4, but epoch 2 has the lowest validation loss"),
        ({"best_epoch": 1}, "best_epoch is 1, but epoch 2 has the lowest validation loss"),
        ({"best_epoch": "2"}, "best_epoch is '2', not an integer"),
        ({"val": None}, "val is missing"),
        ({"test": None}, "test is missing"),
        ({"val": "high"}, "what fit handed over cannot be read: AttributeError"),
        ({"test": predictions(SURE[:5], LABELS[:5])}, "test predicts 5 images, the data have 6"),
        ({"test": predictions(SURE, LABELS[::-1])}, "test.labels has 2 for image 0, the data 0: keep their order"),
        ({"test": replace(ANSWERS, labels=LABELS.astype(float))}, "not class numbers 0..2"),
        ({"test": replace(ANSWERS, labels=LABELS + 1)}, "not class numbers 0..2"),
        ({"test": probable(np.nan)}, "test.probabilities holds nan, not within 0..1"),
        ({"test": probable(-1.0)}, "hand over softmax, not logits"),
        ({"test": probable(2.0)}, "a row adds up to 2, not 1: softmax?"),
        ({"test": replace(ANSWERS, probabilities=SURE[:, :2])}, "test.probabilities is of shape (6, 2)"),
        ({"test": replace(ANSWERS, loss=float("nan"))}, "test.loss is nan"),
        ({"val": predictions(SURE[[0] * 6], LABELS)}, "0.3333 of its images, but best_epoch 2 has val_accuracy 0.8333"),
        ({"val": predictions(SURE[:3], LABELS[:3])}, "val predicts 3 images, val_confusion counts 6"),
        ({"features": np.full((6, 2), np.inf)}, "features holds inf, not finite numbers alone"),
        ({"features": np.full((6, 2), 1e300)}, "features holds inf"),
        ({"features": np.ones((5, 2))}, "features is of shape (5, 2), not (6 test images, numbers)"),
        ({"weights": [1.0]}, "weights is [1.0], not a dict of arrays"),
        ({"weights": np.ones(2)}, "weights is an array, not a dict of arrays"),
        ({"weights": []}, "weights is [], not a dict of arrays"),
        ({"weights": {"w": np.array(["cat"])}}, "weights['w'] is of <U3, not of numbers or bools"),
        ({"weights": {"w": np.ones(2, np.longdouble)}}, "weights['w'] is of float128"),
        ({"weights": {1: np.ones(2)}}, "weights has the name 1: names are printable texts"),
        ({"weights": {"__metadata__": np.ones(2)}}, "weights has the name '__metadata__'"),
        ({"parameters": 10**40}, "not within 0..2**53"),
        ({"parameters": -1}, "parameters is -1, not within 0..2**53"),
        ({"parameters": 1.5}, "parameters is 1.5, not an integer"),
        ({"parameters": None}, "parameters is None, not an integer"),
    ],
)  # fmt: skip
def test_a_wrong_outcome_is_refused(changed: dict[str, Any], said: str) -> None:
    calls = [epoch(1), epoch(2, val_loss=0.4), epoch(3)]
    assert said in refused(outcome(**changed), calls)


def test_what_is_right_passes_as_plain_values() -> None:
    torch = pytest.importorskip("torch")
    checker = Checker(3, DATA)
    odd = epoch(
        np.int32(1), train_loss=torch.tensor(1.0), val_loss=Decimal("0.5"), val_accuracy=np.float16(5 / 6),
        seconds=0, val_confusion=torch.tensor(ANSWERS.confusion),
    )  # fmt: skip
    row = checker.epoch(odd)
    assert row.epoch == 1 and row.train_loss == 1.0 and row.val_loss == 0.5 and row.seconds == 0.0
    assert {type(v) for v in (row.train_loss, row.val_loss, row.val_accuracy, row.seconds)} == {float}
    assert type(row.val_confusion) is np.ndarray and row.val_confusion.dtype == np.int64
    half = torch.tensor(ANSWERS.probabilities).to(torch.bfloat16).float()  # as autocast leaves them
    answers = replace(ANSWERS, probabilities=half)
    done = checker.outcome(
        outcome(history=[odd], best_epoch=None, val=answers, test=answers, features=np.ones((6, 2)),
                weights={"w": torch.ones(2)}, parameters=np.int64(2))
    )  # fmt: skip
    assert done.status == "complete" and done.best_epoch == 1 and done.parameters == 2
    assert done.test is not None and done.test.probabilities.dtype == np.float32
    assert done.features is not None and done.features.dtype == np.float32
    assert type(done.weights["w"]) is np.ndarray


@pytest.mark.parametrize("status", ["complete", "stopped"])
def test_a_loss_that_is_not_finite_is_a_divergence(status: str) -> None:
    checker = Checker(3, DATA)
    checker.epoch(epoch(1))
    lost = epoch(2, val_loss=float("nan"), val_accuracy=float("nan"))
    checker.epoch(lost)
    assert checker.diverged == "the validation loss was not finite after epoch 2"
    done = checker.outcome(Outcome(status, [epoch(1), lost]))  # type: ignore[arg-type]
    assert (done.status, done.error, done.test) == ("diverged", checker.diverged, None)


def test_what_was_refused_stays_refused() -> None:
    checker = Checker(3, DATA)
    for what in (epoch(1, val_loss=None), epoch(1), epoch(2)):
        with pytest.raises(BadResult, match="val_loss is None"):
            checker.epoch(what)
    with pytest.raises(BadResult, match="val_loss is None"):
        checker.outcome(outcome())


def test_after_an_interruption_it_goes_on_or_begins_anew() -> None:
    assert Checker(3, DATA, after=2).epoch(epoch(3)).epoch == 3
    assert Checker(3, DATA, after=2).epoch(epoch(1)).epoch == 1
    with pytest.raises(BadResult, match="epoch is 2, where 3 follows"):
        Checker(3, DATA, after=2).epoch(epoch(2))

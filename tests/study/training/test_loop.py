"""One training behind the door of results: what is wrong in how it goes on is told with its rule and its mend."""

from __future__ import annotations

import contextlib
import random
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from results.errors import BadResult
from results.metric import Metric
from results.outcome import Runtime
from study.jobs import Model
from study.protocol import load_trainable
from study.training.loop import reason, train
from tests.support.trainings import of_function, run, temporary_module

ACCURACY = Metric("val_acc", test="test_acc")
LABELS = np.array([0, 1, 1, 0])
SURE = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.3, 0.7]])  # three of four are right


def losses(values: list[float], then: Callable[[Any], Any] = lambda run: None) -> Callable[..., Any]:
    """A training that yields these."""

    def once(config: Any, run: Any) -> Iterator[dict[str, float]]:
        for value, _ in zip(values, run.epochs(len(values)), strict=True):
            yield {"val_loss": value}
        return then(run)

    return once


# -- what goes well --------------------------------------------------------------------------------------------------


def test_the_first_of_equals_speaks_for_a_training() -> None:
    outcome = run(of_function(losses([3.0, 1.0, 1.0, 2.0])))
    assert (outcome.status, outcome.best_epoch) == ("complete", 2)
    assert [(e.epoch, e.values) for e in outcome.history] == list(enumerate(({"val_loss": v} for v in (3, 1, 1, 2)), 1))


def test_a_plain_function_returns_its_values_of_validation_and_test() -> None:
    def once(config: Any, run: Any) -> dict[str, Any]:
        run.predictions("val", SURE, LABELS)
        run.predictions("test", SURE[:2], LABELS[:2], classes=["no", "yes"])
        return {"val_acc": torch.tensor(0.75), "test_acc": np.float32(1), "train_acc": 0.5, "test_loss": 0.3}

    outcome = run(of_function(once, ACCURACY))
    assert outcome.history[0].values == {"val_acc": 0.75, "train_acc": 0.5}
    assert outcome.test_values == {"test_acc": 1.0, "test_loss": 0.3}
    assert outcome.class_names == ["no", "yes"] and outcome.history[0].val_confusion.tolist() == [[1, 1], [0, 2]]
    assert outcome.examples.tolist() == [True, True] and outcome.best_epoch == 1


def test_a_training_may_end_before_its_last_epoch_or_be_ended() -> None:
    closed: list[str] = []

    def once(config: Any, run: Any) -> Iterator[dict[str, float]]:
        try:
            for epoch in run.epochs(config.epochs):
                yield {"val_loss": 1.0 / epoch}
                if epoch == 3:
                    break
        finally:
            closed.append("cleaned up")

    assert [len(run(of_function(once), leave_after=n).history) for n in (0, 1, 2)] == [3, 1, 2]
    assert run(of_function(once), leave_after=2).status == "stopped" and len(closed) == 4


def test_the_seconds_of_an_epoch_are_its_own() -> None:
    def once(config: Any, run: Any) -> Iterator[dict[str, float]]:
        time.sleep(0.2)
        begun.append(time.perf_counter())
        for _ in run.epochs(2):
            time.sleep(0.02)
            yield {"val_loss": 1.0}

    begun: list[float] = []
    seconds = [epoch.seconds for epoch in run(of_function(once)).history]
    assert min(seconds) >= 0.02 and sum(seconds) < time.perf_counter() - begun[0]


def test_what_a_failed_training_drew_is_put_back() -> None:
    def fails(config: Any, run: Any) -> dict[str, float]:
        raise ValueError(f"{random.random()} {np.random.rand()} {torch.rand(())}")

    def stand() -> Any:
        return random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()

    model, messages, before = Model(of_function(fails), "x", None, Runtime()), set(), stand()
    for _ in range(2):
        with pytest.raises(ValueError) as caught:
            train(model, {"epochs": 1}, 5, lambda *heard: False)
        messages.add(str(caught.value))
        assert stand() == before
        random.random(), np.random.rand(), torch.rand(())  # noqa: B018 - and stand elsewhere
        before = stand()
    assert len(messages) == 1  # one seed, one draw


# -- what does not ---------------------------------------------------------------------------------------------------


def keeps_too_late(config: Any, run: Any) -> Iterator[dict[str, float]]:
    for _ in run.epochs(3):
        run.keep(np.zeros(2))
        yield {"val_loss": 1.0}


def yields_twice(config: Any, run: Any) -> Iterator[dict[str, float]]:
    for _ in run.epochs(3):
        yield {"val_loss": 1.0}
        yield {"val_acc": 0.5}


def forgets_to_yield(config: Any, run: Any) -> Iterator[dict[str, float]]:
    for epoch in run.epochs(3):
        if epoch % 2:
            yield {"val_loss": 1.0}


def yields_after_the_loop(config: Any, run: Any) -> Iterator[dict[str, float]]:
    for _ in run.epochs(2):
        yield {"val_loss": 1.0}
    yield {"test_loss": 1.0}


def loops_twice(config: Any, run: Any) -> Iterator[dict[str, float]]:
    for _ in range(2):
        for _ in run.epochs(2):
            yield {"val_loss": 1.0}


def answers_for_test_too_early(config: Any, run: Any) -> Iterator[dict[str, float]]:
    for _ in run.epochs(3):
        run.predictions("test", SURE, LABELS)
        yield {"val_loss": 1.0}


def restores_nothing(config: Any, run: Any) -> Iterator[dict[str, float]]:
    for _ in run.epochs(3):
        yield {"val_loss": 1.0}
    run.restore_best()


def no_epoch(config: Any, run: Any) -> Iterator[dict[str, float]]:
    yield from ()


def one_too_many(config: Any, run: Any) -> Iterator[dict[str, float]]:
    while True:
        yield {"val_loss": 1.0}


def keeps(value: Any) -> Callable[..., Any]:
    def once(config: Any, run: Any) -> Iterator[dict[str, float]]:
        run.keep(value)
        raise AssertionError("it is told before anything is trained")
        yield

    return once


def returns(value: Any) -> Callable[..., Any]:
    return lambda config, run: value


@pytest.mark.parametrize(
    ("breaks", "said"),
    [
        (keeps_too_late, "run.keep comes before the loop over run.epochs"),
        (yields_twice, "epoch 1 yields twice: yield all its values at once, as one dict"),
        (forgets_to_yield, "epoch 2 ended without a yield: yield its values, once in each epoch"),
        (
            yields_after_the_loop,
            "a yield after the loop over run.epochs: it would be an epoch too many; return the end",
        ),
        (loops_twice, "run.epochs is for the one loop of a training: count further loops yourself, within it"),
        (answers_for_test_too_early, "test data are looked at once, after the loop over run.epochs"),
        (restores_nothing, "run.restore_best needs run.keep(model) before the first epoch: nothing was kept"),
        (no_epoch, "the training ended without an epoch: yield {'val_loss': ...} after each"),
        (one_too_many, "epoch 5: the config says epochs=4, so it is one too many"),
        (lambda config, run: run.predictions("train", SURE, LABELS), "split is 'train', not 'val' or 'test'"),
        (returns(None), "returned nothing: return {'val_loss': ...}, or yield such a dict after each epoch"),
        (returns(0.5), "returned a float: return {'val_loss': ...}"),
        (returns({"loss": 0.5}), "returned ['loss']: return {'val_loss': ...}"),
        (keeps(3), "weights 0 is 3: keep takes what has state_dict and load_state_dict, arrays, random generators and"),
        (keeps({"lr": 0.1}), "weights 0['lr'] is 0.1: keep takes what has state_dict"),
        (keeps(torch.nn.Linear(2, 2).parameters()), "keep takes what has state_dict and load_state_dict"),
    ],
)
def test_what_breaks_a_rule_is_told_with_its_mend(breaks: Callable[..., Any], said: str) -> None:
    with pytest.raises(BadResult) as caught:
        run(of_function(breaks))
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_an_estimator_that_arrays_cannot_hold_is_refused_at_once() -> None:
    ensemble = pytest.importorskip("sklearn.ensemble")
    forest = ensemble.RandomForestClassifier(2).fit(SURE, LABELS)
    with pytest.raises(BadResult, match="RandomForestClassifier, whose .* cannot hold without pickle: leave it out"):
        run(of_function(keeps(forest)))


def test_a_number_that_changes_is_json_or_refused() -> None:
    def once(config: Any, run: Any) -> Iterator[dict[str, float]]:
        run.keep(np.zeros(2))
        for _ in run.epochs(2):
            run.state["best"] = np.ones(3)
            yield {"val_loss": 1.0}

    with pytest.raises(BadResult, match=r"run\.state holds what JSON does not: .*: keep arrays with run\.keep"):
        run(of_function(once), states={})


def test_one_that_goes_on_must_loop_over_run_epochs_and_keep_as_before() -> None:
    outside = False
    kept: dict[str, Any] = {"one": np.zeros(2)}

    def once(config: Any, run: Any) -> Iterator[dict[str, float]]:
        if kept:
            run.keep(**kept)
        for _ in range(3) if outside else run.epochs(3):
            yield {"val_loss": 1.0}

    states: dict[int, Any] = {}
    run(of_function(once), states=states)
    outside = True
    with pytest.raises(BadResult, match=r"a training that goes on must loop over run\.epochs\(n\)"):
        run(of_function(once), earlier=(1, states[1]))
    outside, kept = False, {"other": np.zeros(2)}
    with pytest.raises(BadResult, match=r"run\.keep: the interrupted training kept no 'other': it was another's"):
        run(of_function(once), earlier=(1, states[1]))
    kept = {"one": np.zeros(3)}
    with pytest.raises(BadResult, match="one: its state cannot be loaded again: ValueError"):
        run(of_function(once), earlier=(1, states[1]))
    kept = {}
    with pytest.raises(BadResult, match=r"the interrupted training kept its state: call run\.keep before the loop"):
        run(of_function(once), earlier=(1, states[1]))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of what is left of it
def test_a_generator_that_ignores_its_end_is_told() -> None:
    def once(config: Any, run: Any) -> Iterator[dict[str, float]]:
        for _ in run.epochs(3):
            with contextlib.suppress(BaseException):
                yield {"val_loss": 1.0}

    with pytest.raises(BadResult, match="told to stop, the training yielded again: .* must let GeneratorExit pass"):
        run(of_function(once), leave_after=1)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_a_value_that_is_not_finite_is_a_divergence(bad: float) -> None:
    def never(run: Any) -> None:
        raise AssertionError("it goes no further")

    outcome = run(of_function(losses([1.0, bad, 1.0], then=never)))
    assert (outcome.status, outcome.best_epoch, len(outcome.history)) == ("diverged", None, 2)
    assert outcome.error == "the validation loss was not finite after epoch 2"


@pytest.mark.parametrize("value", [float("nan"), 0.75])
def test_predictions_that_are_not_finite_are_one_too(value: float) -> None:
    """A value that is not finite speaks first; with predictions alone nobody is told of softmax."""

    def once(config: Any, run: Any) -> Iterator[dict[str, float]]:
        for epoch in run.epochs(3):
            run.predictions("val", SURE * (1 if epoch == 1 else np.nan), LABELS)
            yield {"val_acc": 0.75 if epoch == 1 else value}

    outcome = run(of_function(once, ACCURACY))
    what = "the validation acc" if np.isnan(value) else "a validation probability"
    assert (outcome.status, outcome.error) == ("diverged", f"{what} was not finite after epoch 2")
    assert [e.val_confusion is None for e in outcome.history] == [False, True]


FILE = """
from pydantic import BaseModel
from study import Metric

METRIC = Metric("val_loss", "min")

class Config(BaseModel):
    epochs: int = 2

def train(config, run):
    for _ in run.epochs(config.epochs):
        yield {"val_loss": 1.0}
    int("x")  # deeper: numpy's, torch's own lines say nothing to who wrote this
"""


def test_a_failure_names_the_trainables_own_line(tmp_path: Path) -> None:
    trainable = load_trainable(temporary_module(tmp_path, FILE))
    with pytest.raises(ValueError) as caught:
        run(trainable)
    line = 1 + next(i for i, text in enumerate(FILE.splitlines()) if "int(" in text)
    assert re.fullmatch(rf"ValueError: .*'x' \(mine\.py, line {line}\)", reason(caught.value, trainable))

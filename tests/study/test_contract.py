"""Both trainables keep the protocol, and the check notices each way to break it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from results.outcome import Epoch, Outcome, State
from study.contract import Broken, check_trainable, differing_part
from study.protocol import load_trainable
from tests.support import ROOT

EXAMPLE = str(ROOT / "examples" / "digits_sklearn.py")


@pytest.mark.parametrize(
    ("name", "settings"),
    [(EXAMPLE, {"epochs": 4}), ("alexnet", {"epochs": 3, "architecture": "tiny"})],
    ids=["scikit-learn", "alexnet"],
)
def test_a_trainable_keeps_the_protocol(name: str, settings: dict, tmp_path: Path) -> None:
    said: list[str] = []
    check_trainable(load_trainable(name), "digits", tmp_path, settings, say=said.append)
    assert len(said) == 5


@pytest.fixture(scope="module")
def honest() -> ModuleType:
    return load_trainable(EXAMPLE)


def trainable(honest: ModuleType, **changed: Any) -> Any:
    members = {"NAME": "t", "Config": honest.Config, "load_data": honest.load_data, "fit": honest.fit}
    return SimpleNamespace(**(members | changed))


def broken_rule(subject: Any) -> str:
    with pytest.raises(Broken) as caught:
        check_trainable(subject, "digits", Path(), {"epochs": 3, "features": 25})
    assert "\n" not in str(caught.value)
    return str(caught.value)


def spoil(honest: ModuleType, how: Callable[[Outcome], Outcome]) -> Any:
    """A trainable whose outcomes are changed by ``how``."""

    def fit(config: Any, seed: int, data: Any, on_epoch: Any, state: State | None = None) -> Outcome:
        return how(honest.fit(config, seed, data, on_epoch, state))

    return trainable(honest, fit=fit)


def test_one_that_uses_the_global_generator_is_noticed(honest: ModuleType) -> None:
    def fit(config: Any, seed: int, data: Any, on_epoch: Any, state: State | None = None) -> Outcome:
        return honest.fit(config, int(np.random.randint(10**6)), data, on_epoch, state)

    assert "the same config, seed and data give the same outcome" in broken_rule(trainable(honest, fit=fit))


def test_one_that_ignores_its_seed_is_noticed(honest: ModuleType) -> None:
    def fit(config: Any, seed: int, data: Any, on_epoch: Any, state: State | None = None) -> Outcome:
        return honest.fit(config, 0, data, on_epoch, state)

    assert broken_rule(trainable(honest, fit=fit)) == "not kept: fit: another seed gives another outcome"


def test_one_that_ignores_its_state_is_noticed(honest: ModuleType) -> None:
    def fit(config: Any, seed: int, data: Any, on_epoch: Any, state: State | None = None) -> Outcome:
        return honest.fit(config, seed, data, on_epoch, None)

    assert "trains only the epochs that are left" in broken_rule(trainable(honest, fit=fit))


def test_one_that_forgets_a_part_of_its_state_is_noticed(honest: ModuleType) -> None:
    def fit(config: Any, seed: int, data: Any, on_epoch: Any, state: State | None = None) -> Outcome:
        return honest.fit(config, seed, data, on_epoch, state and state | {"intercept": 0 * state["intercept"]})

    said = broken_rule(trainable(honest, fit=fit))
    assert "continued after epoch 1, it ends as if never stopped, bit by bit (they differ in epoch 2: " in said


def test_one_whose_state_is_no_copy_is_noticed(honest: ModuleType) -> None:
    def fit(config: Any, seed: int, data: Any, on_epoch: Any, state: State | None = None) -> Outcome:
        shared: State = {}

        def hand_on(epoch: Epoch, snapshot: Callable[[], State]) -> bool:
            def same_arrays() -> State:
                for name, array in snapshot().items():
                    if name in shared and shared[name].shape == array.shape:
                        shared[name][...] = array
                    else:
                        shared[name] = array.copy()
                return dict(shared)

            return on_epoch(epoch, same_arrays)

        return honest.fit(config, seed, data, hand_on, state)

    assert "it is a copy" in broken_rule(trainable(honest, fit=fit))


def test_one_that_keeps_objects_in_its_state_is_noticed(honest: ModuleType) -> None:
    def fit(config: Any, seed: int, data: Any, on_epoch: Any, state: State | None = None) -> Outcome:
        return honest.fit(
            config, seed, data, lambda e, s: on_epoch(e, lambda: s() | {"rng": np.random.default_rng()}), state
        )

    assert "state['rng'] is of object, not of numbers or bools" in broken_rule(trainable(honest, fit=fit))


def test_one_that_does_not_stop_is_noticed(honest: ModuleType) -> None:
    def fit(config: Any, seed: int, data: Any, on_epoch: Any, state: State | None = None) -> Outcome:
        return honest.fit(config, seed, data, lambda e, s: on_epoch(e, s) and False, state)

    assert "it stops with status 'stopped'" in broken_rule(trainable(honest, fit=fit))


def test_one_that_swallows_what_on_epoch_raises_is_noticed(honest: ModuleType) -> None:
    def fit(config: Any, seed: int, data: Any, on_epoch: Any, state: State | None = None) -> Outcome:
        def careful(epoch: Epoch, snapshot: Callable[[], State]) -> bool:
            try:
                return on_epoch(epoch, snapshot)
            except BaseException:
                return True

        return honest.fit(config, seed, data, careful, state)

    assert "what on_epoch raises passes through" in broken_rule(trainable(honest, fit=fit))


def test_one_that_writes_on_its_data_is_noticed(honest: ModuleType) -> None:
    def fit(config: Any, seed: int, data: Any, on_epoch: Any, state: State | None = None) -> Outcome:
        data.train_pixels -= data.train_pixels.mean()
        return honest.fit(config, seed, data, on_epoch, state)

    with pytest.raises(ValueError, match="read-only"):
        check_trainable(trainable(honest, fit=fit), "digits", Path(), {"epochs": 3})


def test_a_changing_fingerprint_is_noticed(honest: ModuleType) -> None:
    def load_data(dataset: str, data_dir: Path) -> Any:
        data = honest.load_data(dataset, data_dir)
        data.fingerprint = str(id(data))
        return data

    assert "one fingerprint" in broken_rule(trainable(honest, load_data=load_data))


@pytest.mark.parametrize(
    ("how", "rule"),
    [
        (
            lambda o: replace(o, best_epoch=1),
            "best_epoch is 1, but epoch 3 has the lowest validation loss (0.5654)",
        ),
        (lambda o: replace(o, test=None), "test is missing: a complete outcome has predictions"),
        (lambda o: replace(o, test=replace(o.test, loss=o.test.loss * 100)), "loss is the mean cross-entropy"),
        (
            lambda o: replace(o, test=replace(o.test, probabilities=1 - o.test.probabilities)),
            "adds up to 9, not 1: softmax?",
        ),
        (lambda o: replace(o, test=o.val), "test predicts 180 images, the data have 597"),
        (
            lambda o: replace(o, features=np.zeros((3, 2))),
            "features is of shape (3, 2), not (597 test images, numbers)",
        ),
        (lambda o: replace(o, parameters=0), "parameters: how many"),
        (lambda o: replace(o, history=o.history[1:]), "a complete outcome has all from 1 to 3"),
        (
            lambda o: replace(o, history=[replace(e, val_accuracy=100 * e.val_accuracy) for e in o.history]),
            "not within 0..1",
        ),
        (
            lambda o: replace(o, history=[replace(e, val_confusion=e.val_confusion[:5]) for e in o.history]),
            "val_confusion is of shape (5, 10); 10 classes have (10, 10)",
        ),
    ],
)
def test_a_wrong_outcome_is_noticed(honest: ModuleType, how: Callable[[Outcome], Outcome], rule: str) -> None:
    assert rule in broken_rule(spoil(honest, how))


def test_difference_names_the_part(honest: ModuleType) -> None:
    data = honest.load_data("digits", Path())
    one = honest.fit(honest.Config(epochs=2), 1, data, lambda epoch, state: False)
    assert differing_part(one, one) is None
    assert differing_part(one, replace(one, parameters=1)) == "parameters"
    assert differing_part(one, replace(one, history=[replace(e, seconds=0) for e in one.history])) is None


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([EXAMPLE, "--set", "epochs=3"], 0, "keeps the protocol"),
        ([EXAMPLE, "--set", "epochs=2"], 1, "at least three epochs"),
        ([EXAMPLE, "--set", "epoch=3"], 2, "did you mean 'epochs'?"),
        (["nowhere.py"], 2, "no trainable at 'nowhere.py'"),
    ],
)
def test_the_command(arguments: list[str], code: int, said: str) -> None:
    command = [sys.executable, "-m", "study.contract", *arguments]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == code
    assert said in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr

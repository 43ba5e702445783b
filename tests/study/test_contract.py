"""Models keep what they declare, and the check names each way not to, with what to do."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from results.metric import Metric
from study.contract import Broken, check_trainable
from study.protocol import load_trainable
from study.training.same import differing_part
from tests.support import ROOT
from tests.support.trainings import of_function, run, temporary_module

EXAMPLES = ROOT / "examples"
SKLEARN = str(EXAMPLES / "digits_sklearn.py")
ACCURACY = Metric("val_acc", test="test_acc")


@pytest.mark.parametrize(
    ("name", "settings", "last"),
    [
        (SKLEARN, {"epochs": 4}, "kept: prefix=True, a shorter training is what a longer one is until then"),
        ("alexnet", {"epochs": 3, "architecture": "tiny"}, "kept: prefix=True"),
        (str(EXAMPLES / "regression.py"), {}, "kept: the seed decides everything"),
        (str(EXAMPLES / "binary_auc.py"), {}, "kept: prefix=True"),
        (str(EXAMPLES / "char_lm.py"), {"width": 16}, "kept: prefix=True"),
        (str(EXAMPLES / "script_trainable.py"), {"width": 4}, "kept: prefix=False, nothing is claimed"),
    ],
    ids=lambda value: Path(value).stem if isinstance(value, str) and "/" in value else "",
)
def test_a_trainable_is_as_it_declares(name: str, settings: dict[str, Any], last: str, tmp_path: Path) -> None:
    said: list[str] = []
    check_trainable(load_trainable(name), "digits", tmp_path, settings, say=said.append)
    assert said[0].startswith("trains up to 8 times") and last in said[-1]
    assert all(line.startswith(("kept: ", "note: ")) for line in said[1:])


# -- ways to break it ------------------------------------------------------------------------------------------------


class Model:
    """A made-up model whose weights the spoilt trainings move about."""

    def __init__(self, seed: int) -> None:
        self.weights, self.momentum = np.zeros(3), np.zeros(3)
        self.weights += np.random.default_rng(seed).normal(size=3)

    def epoch(self, rate: float = 0.1) -> float:
        self.momentum[:] = 0.9 * self.momentum + rate * np.random.normal(size=3)
        self.weights += self.momentum
        return float(self.weights.sum())


def right(config: Any, run: Any) -> Iterator[dict[str, float]]:
    model = Model(run.seed)
    run.keep(model.weights, momentum=model.momentum)
    for _ in run.epochs(config.epochs):
        yield {"val_loss": model.epoch()}


drawn = random.Random(1)


def draws_elsewhere(config: Any, run: Any) -> Iterator[dict[str, float]]:
    for values in right(config, run):
        yield {"val_loss": values["val_loss"] + drawn.random()}


def draws_from_the_system(config: Any, run: Any) -> Iterator[dict[str, float]]:
    generator = np.random.default_rng()
    for _ in run.epochs(config.epochs):
        yield {"val_loss": generator.normal()}


def ignores_its_seed(config: Any, run: Any) -> Iterator[dict[str, float]]:
    np.random.seed(0)
    model = Model(0)
    for _ in run.epochs(config.epochs):
        yield {"val_loss": model.epoch()}


def forgets_a_part(config: Any, run: Any) -> Iterator[dict[str, float]]:
    model = Model(run.seed)
    run.keep(model.weights)
    for _ in run.epochs(config.epochs):
        yield {"val_loss": model.epoch()}


def schedules(config: Any, run: Any) -> Iterator[dict[str, float]]:
    model = Model(run.seed)
    run.keep(model.weights, momentum=model.momentum)
    for epoch in run.epochs(config.epochs):
        yield {"val_loss": model.epoch(rate=1 - epoch / (config.epochs + 1))}


def does_not_end(config: Any, run: Any) -> Iterator[dict[str, float]]:
    for _ in run.epochs(config.epochs):
        values = {"val_loss": np.random.normal()}
        try:
            yield values
        except GeneratorExit:
            yield values  # once: in a loop it would live on, and end and draw numbers in the middle of another test


def writes_on_its_data(config: Any, run: Any) -> Iterator[dict[str, float]]:
    run.data["x"] -= run.data["x"].mean()
    yield from right(config, run)


def answers(how: Callable[[Any], Any]) -> Callable[..., Any]:
    """A classifier whose test predictions are changed by ``how``."""

    def train(config: Any, run: Any) -> dict[str, float]:
        labels = np.arange(30) % 3
        p = np.eye(3)[np.where(np.random.rand(30) < 0.5, labels, 0)] * 0.7 + 0.1
        run.predictions("val", p, labels)
        run.predictions("test", how(p), labels)
        accuracy = float((p.argmax(1) == labels).mean())
        return {"val_acc": accuracy, "test_acc": accuracy}

    return train


BREAKS: dict[str, tuple[Callable[..., Any], str]] = {
    "a generator of its own that outlives the training": (
        draws_elsewhere,
        "same config, seed and data give the same numbers, bit by bit (they differ in epoch 1: val_loss): ",
    ),
    "no seed": (draws_from_the_system, "they differ in epoch 1: val_loss): seed what draws with run.seed"),
    "another seed": (ignores_its_seed, "another seed gives other numbers: draw from random, numpy or torch"),
    "half a state": (
        forgets_a_part,
        "it ends as if never stopped, bit by bit (they differ in epoch 2: val_loss): all that changes from ",
    ),
    "no end": (does_not_end, "told to stop, the training yielded again: an 'except' around its yield"),
    "its data": (writes_on_its_data, "ValueError: output array is read-only"),
    "no softmax": (answers(lambda p: p * 3), "each row must sum to 1: softmax?"),
    "logits": (answers(np.log), "hand over softmax, not logits"),
    "other answers": (answers(lambda p: p[::-1]), "but the predictions are right on"),
}


@pytest.mark.parametrize("how", BREAKS)
def test_what_is_broken_is_named_with_its_mend(how: str) -> None:
    train, said = BREAKS[how]
    classifier = "softmax" in how or how in ("logits", "other answers")
    made = of_function(train, **({"metric": ACCURACY} if classifier else {}), load_data=lambda: {"x": np.ones(4)})
    with pytest.raises(Broken) as caught:
        check_trainable(made)
    assert said in str(caught.value) and str(caught.value).startswith("not kept: ")
    assert "\n" not in str(caught.value)


def test_what_is_declared_of_shorter_trainings_is_held_against_them() -> None:
    for train, prefix, said in (
        (right, True, "kept: prefix=True"),
        (
            right,
            False,
            "note: here a shorter training is what a longer one is until then; if",
        ),
        (schedules, False, "kept: prefix=False"),
    ):
        heard: list[str] = []
        check_trainable(of_function(train, PREFIX=prefix), say=heard.append)
        assert heard[-1].startswith(said)
    with pytest.raises(
        Broken, match=r"3 were until then, and they are not \(a schedule over epochs\?\): declare prefix=F"
    ):
        check_trainable(of_function(schedules, PREFIX=True))


def test_one_that_keeps_nothing_is_told_how(monkeypatch: pytest.MonkeyPatch) -> None:
    def keeps_nothing(config: Any, run: Any) -> Iterator[dict[str, float]]:
        for _ in run.epochs(config.epochs):
            yield {"val_loss": np.random.normal()}

    heard: list[str] = []
    check_trainable(of_function(keeps_nothing), say=heard.append)
    assert any(line.startswith("note: it starts again when it is interrupted; run.keep(model, opt") for line in heard)


def test_data_that_change_from_loading_to_loading_are_noticed() -> None:
    for load in (lambda: np.random.default_rng().normal(size=3), lambda: SimpleNamespace(fingerprint=str(time.time()))):
        with pytest.raises(Broken, match="loading the data twice gives the same fingerprint"):
            check_trainable(of_function(right, load_data=load))


SCRIPT = """
import time
from study import Metric, trainable

@trainable(metric=Metric("val_acc", unit="%", test="test_acc"))
def train(lr: float = 0.1, epochs: int = 300, *, run):
    for epoch in run.epochs(epochs):
        time.sleep(0.1)
        yield {"val_acc": ACCURACY}
    END
"""


@pytest.mark.parametrize(
    ("accuracy", "end", "said"),
    [
        ("97.0", "return {'test_acc': 0.9}", "val_acc is 97, not within 0..1: a fraction, not percent: divide by 100"),
        ("0.97", "return {'accuracy': 0.9}", "the end has no 'test_acc' (it has 'accuracy'): return {'test_acc': ...}"),
        ("0.97", "print(undefined)", "NameError: name 'undefined' is not defined (mine.py, line 10)"),
    ],
)
def test_an_ordinary_scripts_error_is_found_in_a_few_epochs(
    accuracy: str, end: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one at the end of a training of 300: the check trains a few of them."""
    epochs: list[float] = []
    monkeypatch.setattr(time, "sleep", epochs.append)
    file = temporary_module(tmp_path, SCRIPT.replace("ACCURACY", accuracy).replace("END", end))
    with pytest.raises(Broken) as caught:
        check_trainable(load_trainable(file))
    assert said in str(caught.value) and 0 < epochs.count(0.1) < 10


def test_difference_names_the_part() -> None:
    one = run(of_function(right))
    assert differing_part(one, one) is None
    assert differing_part(one, replace(one, parameters=1)) == "parameters"
    assert differing_part(one, replace(one, weights={})) == "weights['value']"
    assert differing_part(one, replace(one, history=[replace(e, seconds=0) for e in one.history])) is None
    last = replace(one.history[-1], values={"val_loss": 9.0})
    assert differing_part(one, replace(one, history=[*one.history[:-1], last])) == "epoch 4: val_loss"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([SKLEARN, "--set", "epochs=2"], 0, "is as it declares"),
        ([SKLEARN, "--set", "epoch=3"], 2, "did you mean 'epochs'?"),
        (["nowhere.py"], 2, "no trainable at 'nowhere.py'"),
        (["BROKEN"], 1, "not kept: epoch 1: val_acc is 97"),
    ],
)
def test_the_command(arguments: list[str], code: int, said: str, tmp_path: Path) -> None:
    broken = temporary_module(tmp_path, SCRIPT.replace("ACCURACY", "97").replace("END", ""))
    command = [sys.executable, "-m", "study.contract", *(broken if a == "BROKEN" else a for a in arguments)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == code
    assert said in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    assert code == 2 or ended.stdout.startswith("trains up to 8 times of ")  # before it does anything that takes long

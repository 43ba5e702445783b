"""A trainable without torch: logistic regression on random Fourier features of scikit-learn's digits.

    python -m study.run baseline --trainable examples/digits_sklearn.py --dataset digits --study runs/sklearn

docs/trainable.md explains every part. Ten epochs take about a tenth of a second.
"""

from __future__ import annotations

import hashlib
import math
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from sklearn.datasets import load_digits
from sklearn.kernel_approximation import RBFSampler
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split

from results.errors import UserError
from results.outcome import Epoch, Outcome, Predictions, State, best_epoch, pack_history, predictions, unpack_history
from search_spaces import choice, log_float, log_integer

NAME = "Fourier features and logistic regression (scikit-learn)"


class Config(BaseModel):
    """What a run is. The defaults are the baseline."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    learning_rate: float = Field(0.5, gt=0, le=100, description="constant step size")
    features: int = Field(100, ge=1, le=10000, description="number of random Fourier features")
    gamma: float = Field(0.06, gt=0, le=100, description="how quickly the features change with the pixels")
    penalty: float = Field(1e-5, ge=0, le=1, description="L2 penalty")
    epochs: int = Field(10, ge=1, le=1000, description="passes over the training images")
    replicate: int = Field(0, ge=0, description="does nothing but change every random draw, for studies of luck")


SPACES = {
    "default": {
        "learning_rate": log_float(0.02, 5),
        "features": log_integer(25, 400),
        "gamma": log_float(0.015, 0.4),
        "penalty": choice(0.0, 1e-6, 1e-5, 1e-4, 1e-3),
    },
    "luck": {"replicate": choice(*range(1000))},  # trials that differ by luck alone
}


def load_data(dataset: str, data_dir: Path) -> Any:
    """Return the digits: 1,200 to train on and 597 to test, always the same ones."""
    if dataset != "digits":
        raise UserError(f"{NAME} knows no dataset '{dataset}': use --dataset digits")
    digits = load_digits()
    train, test = train_test_split(np.arange(1797), test_size=597, stratify=digits.target, random_state=0)
    return SimpleNamespace(
        name="digits",
        fingerprint=hashlib.sha256(digits.data.tobytes() + digits.target.tobytes()).hexdigest(),
        class_names=[str(name) for name in digits.target_names],
        train_pixels=digits.data[train] / 16,  # (1200, 64), 0..1
        train_labels=digits.target[train],
        test_pixels=digits.data[test] / 16,
        test_labels=digits.target[test],
        test_images=np.repeat(digits.images[test, None] * 15, 3, axis=1).astype(np.uint8),  # optional: thumbnails
    )


def fit(config: Config, seed: int, data: Any, on_epoch: Any, state: State | None = None) -> Outcome:
    """Train once; go on from ``state`` if one is given."""

    def draw(*purpose: int) -> int:
        """Name a stream of its own for each purpose and epoch: then no generator has to be kept in the state."""
        return int(np.random.SeedSequence([seed, config.replicate, *purpose]).generate_state(1)[0])

    fourier = RBFSampler(gamma=config.gamma, n_components=config.features, random_state=draw(0))
    inputs = fourier.fit_transform(data.train_pixels)
    order = np.random.default_rng(draw(1)).permutation(len(inputs))
    val, train = order[:180], order[180:]
    model = SGDClassifier(loss="log_loss", learning_rate="constant", eta0=config.learning_rate, alpha=config.penalty)
    history: list[Epoch] = []
    best: State = {}
    if state is not None:
        history = unpack_history(state)
        model.coef_, model.intercept_, model.t_ = state["coef"].copy(), state["intercept"].copy(), float(state["t"])
        best = {name: state[name] for name in ("best_coef", "best_intercept")}

    def snapshot() -> State:
        now = {"coef": model.coef_.copy(), "intercept": model.intercept_.copy(), "t": np.array(model.t_)}
        return now | best | pack_history(history)

    def answers(on: np.ndarray, labels: np.ndarray) -> Predictions:
        return predictions(model.predict_proba(on), labels)

    for number in range(len(history) + 1, config.epochs + 1):
        start = time.perf_counter()
        model.set_params(random_state=draw(2, number))  # the order of this epoch's steps
        model.partial_fit(inputs[train], data.train_labels[train], classes=np.arange(len(data.class_names)))
        on_train = answers(inputs[train], data.train_labels[train])
        on_val = answers(inputs[val], data.train_labels[val])
        seconds = time.perf_counter() - start
        measured = (on_train.loss, on_train.accuracy, on_val.loss, on_val.accuracy, seconds)
        history.append(Epoch(number, *measured, on_val.confusion))
        if not math.isfinite(on_val.loss):
            return Outcome("diverged", history, error=f"loss not finite in epoch {number}")
        if best_epoch(history) == number:
            best = {"best_coef": model.coef_.copy(), "best_intercept": model.intercept_.copy()}
        if on_epoch(history[-1], snapshot) and number < config.epochs:
            return Outcome("stopped", history, best_epoch(history))

    model.coef_, model.intercept_ = best["best_coef"], best["best_intercept"]
    return Outcome(
        "complete",
        history,
        best_epoch(history),
        val=answers(inputs[val], data.train_labels[val]),
        test=answers(fourier.transform(data.test_pixels), data.test_labels),
        weights={**best, "fourier": fourier.random_weights_, "offset": fourier.random_offset_},
        parameters=model.coef_.size + model.intercept_.size,
    )

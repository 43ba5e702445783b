"""A trainable for tests of the engine: logistic regression in numpy on made-up points; epochs of milliseconds.

Its config can make it misbehave in the ways a real one does.
"""

from __future__ import annotations

import hashlib
import os
import resource
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from results.outcome import Epoch, Outcome, Predictions

NAME = "toy"
CLASSES = 3


class Config(BaseModel):
    """The baseline is the default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    learning_rate: float = Field(0.1, gt=0)
    batch_size: int = Field(32, ge=1)
    epochs: int = Field(6, ge=1)
    noise: float = 0.0  # of the gradient: makes configs differ
    pause: float = 0.0  # seconds per epoch
    misbehave: Literal["no", "raise", "nan", "hang", "eat", "gorge", "die", "nothing", "exit", "fork", "twin"] = "no"
    misbehave_at: int = 1  # epoch before which it does
    marker: str = ""  # file that is made when misbehaving, so that it happens only once


@dataclass
class Data:
    """Points around CLASSES centres."""

    name: str
    fingerprint: str
    class_names: list[str]
    train_points: np.ndarray
    train_labels: np.ndarray
    test_points: np.ndarray
    test_labels: np.ndarray


def load_data(dataset: str, data_dir: Path) -> Data:
    """Make the same points every time; ``dataset`` is how many."""
    count = int(dataset) if dataset.isdigit() else 600
    random = np.random.default_rng(0)
    centres = random.normal(size=(CLASSES, 8))
    labels = random.integers(0, CLASSES, size=count + 300)
    points = (centres[labels] + 1.2 * random.normal(size=(len(labels), 8))).astype(np.float32)
    digest = hashlib.sha256(points.tobytes()).hexdigest()[:16]
    names = [f"class{i}" for i in range(CLASSES)]
    return Data("toy", digest, names, points[:count], labels[:count], points[count:], labels[count:])


def fit(config: Config, seed: int, data: Data, on_epoch: Any, state: dict[str, np.ndarray] | None = None) -> Outcome:
    """Train; a resumed training ends in the same weights as one that was not interrupted."""
    assert not data.train_points.flags.writeable or os.environ.get("TOY_IN_PROCESS"), "the data was copied"
    order = np.random.default_rng(seed).permutation(len(data.train_labels))
    held_out, kept = order[: len(order) // 10], order[len(order) // 10 :]
    weights = np.zeros((8, CLASSES), np.float64)
    history: list[Epoch] = []
    best = (np.inf, 0, weights)
    if state is not None:
        weights = state["weights"].copy()
        rows = state["history"]
        history = [_row(values) for values in rows]
        best = (float(state["best_loss"]), int(state["best_epoch"]), state["best_weights"])
    for epoch in range(len(history) + 1, config.epochs + 1):
        started = time.perf_counter()
        _misbehave(config, epoch)
        random = np.random.default_rng([seed, epoch])
        shuffled = random.permutation(kept)
        for at in range(0, len(shuffled), config.batch_size):
            batch = shuffled[at : at + config.batch_size]
            points, labels = data.train_points[batch], data.train_labels[batch]
            gradient = points.T @ (_softmax(points @ weights) - np.eye(CLASSES)[labels]) / len(batch)
            weights = weights - config.learning_rate * (gradient + config.noise * random.normal(size=gradient.shape))
        time.sleep(config.pause)
        train = _predict(weights, data.train_points[kept], data.train_labels[kept])
        val = _predict(weights, data.train_points[held_out], data.train_labels[held_out])
        loss = float("nan") if config.misbehave == "nan" and epoch >= config.misbehave_at else val.loss
        seconds = time.perf_counter() - started
        history.append(Epoch(epoch, train.loss, train.accuracy, loss, val.accuracy, seconds, val.confusion))
        if loss < best[0]:
            best = (loss, epoch, weights)

        def snapshot(weights: np.ndarray = weights, best: Any = best) -> dict[str, np.ndarray]:
            return {
                "weights": weights,
                "history": np.stack([_values(e) for e in history]),
                "best_loss": np.array(best[0]),
                "best_epoch": np.array(best[1]),
                "best_weights": best[2],
            }

        if on_epoch(history[-1], snapshot):
            return Outcome("stopped", history)
    if config.misbehave == "nothing":
        return None  # type: ignore[return-value]
    return Outcome(
        "complete",
        history,
        best[1] or None,
        _predict(best[2], data.train_points[held_out], data.train_labels[held_out]),
        _predict(best[2], data.test_points, data.test_labels),
        weights={"weights": best[2]},
        parameters=weights.size,
    )


def _misbehave(config: Config, epoch: int) -> None:
    if config.misbehave in ("no", "nan", "nothing") or epoch != config.misbehave_at:
        return
    if config.marker:
        try:
            Path(config.marker).touch(exist_ok=False)
        except FileExistsError:
            return
    if config.misbehave == "raise":
        raise ValueError(f"learning_rate {config.learning_rate} is too much\nfor me")
    if config.misbehave == "hang":
        time.sleep(3600)
    if config.misbehave == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if config.misbehave == "exit":
        raise SystemExit(3)
    if config.misbehave == "fork":  # leaves a process behind and ends
        if os.fork() == 0:
            time.sleep(3600)
        os._exit(7)
    if config.misbehave == "twin":
        twin = os.fork()
        if twin == 0:
            raise ValueError("of the twin")
        os.waitpid(twin, 0)
        return
    if config.misbehave == "eat":
        resource.setrlimit(resource.RLIMIT_AS, (_address_space() + 2**28, resource.RLIM_INFINITY))
    eaten = []  # "gorge" has no limit of its own: for whoever watches over memory
    while True:
        eaten.append(np.ones(2**24))


def _address_space() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def _values(epoch: Epoch) -> np.ndarray:
    head = [epoch.epoch, epoch.train_loss, epoch.train_accuracy, epoch.val_loss, epoch.val_accuracy, epoch.seconds]
    return np.concatenate([head, epoch.val_confusion.ravel()])


def _row(values: np.ndarray) -> Epoch:
    return Epoch(int(values[0]), *map(float, values[1:6]), values[6:].reshape(CLASSES, CLASSES).astype(np.int64))


def _softmax(logits: np.ndarray) -> np.ndarray:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def _predict(weights: np.ndarray, points: np.ndarray, labels: np.ndarray) -> Predictions:
    probabilities = _softmax(points @ weights)
    loss = float(-np.log(np.maximum(probabilities[np.arange(len(labels)), labels], 1e-12)).mean())
    return Predictions(probabilities.astype(np.float32), labels, loss)


__all__ = ["NAME", "Config", "fit", "load_data"]

"""A trainable for tests of the engine: logistic regression in numpy on made-up points; epochs of milliseconds.

Its config can make it misbehave in the ways a real one does.
"""

from __future__ import annotations

import hashlib
import os
import resource
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from results.metric import Metric

if TYPE_CHECKING:
    from study.training.run import Run

NAME = "toy"
METRIC = Metric("val_accuracy", unit="%", margin=0.005, test="test_accuracy", select="val_loss:min")
PREFIX = True
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


def train(config: Config, run: Run) -> Iterator[dict[str, float]]:
    """Train; a resumed training ends in the same weights as one that was not interrupted."""
    data, seed = run.data, run.seed
    assert not data.train_points.flags.writeable or os.environ.get("TOY_IN_PROCESS"), "the data was copied"
    order = np.random.default_rng(seed).permutation(len(data.train_labels))
    held_out, kept = order[: len(order) // 10], order[len(order) // 10 :]
    weights = np.zeros((8, CLASSES), np.float64)
    run.keep({"weights": weights})
    for epoch in run.epochs(config.epochs):
        _misbehave(config, epoch)
        random = np.random.default_rng([seed, epoch])
        shuffled = random.permutation(kept)
        for at in range(0, len(shuffled), config.batch_size):
            batch = shuffled[at : at + config.batch_size]
            points, labels = data.train_points[batch], data.train_labels[batch]
            gradient = points.T @ (_softmax(points @ weights) - np.eye(CLASSES)[labels]) / len(batch)
            weights -= config.learning_rate * (gradient + config.noise * random.normal(size=gradient.shape))
        time.sleep(config.pause)
        values = _scores(run, "train", weights, data.train_points[kept], data.train_labels[kept])
        values |= _scores(run, "val", weights, data.train_points[held_out], data.train_labels[held_out])
        if config.misbehave == "nan" and epoch >= config.misbehave_at:
            values["val_loss"] = float("nan")
        yield values
    if config.misbehave != "nothing":
        run.restore_best()
        return _scores(run, "test", weights, data.test_points, data.test_labels)


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


def _softmax(logits: np.ndarray) -> np.ndarray:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def _scores(run: Run, split: str, weights: np.ndarray, points: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    probabilities = _softmax(points @ weights)
    chosen = probabilities[np.arange(len(labels)), labels]
    if split != "train":
        run.predictions(split, probabilities, labels)
    return {
        f"{split}_loss": float(-np.log(np.maximum(chosen, 1e-12)).mean()),
        f"{split}_accuracy": float((probabilities.astype(np.float32).argmax(axis=1) == labels).mean()),
    }

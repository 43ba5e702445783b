"""A trainable of milliseconds, so that a benchmark sees what the machinery around a training costs.

Logistic regression in numpy, one epoch on 400 made-up points. ``train`` is the same work for whoever runs it;
``fit`` hands it over as a trainable does.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from results.outcome import Epoch, Outcome, Predictions, State, predictions
from search_spaces import log_float

NAME = "trivial"
CLASSES, FEATURES = 3, 8
TRAINING, VALIDATION, TEST = 400, 100, 100  # points
LOWEST, HIGHEST = 1e-3, 1.0  # of both dimensions, on a logarithmic scale
SPACES = {"default": {"learning_rate": log_float(LOWEST, HIGHEST), "decay": log_float(LOWEST, HIGHEST)}}


class Config(BaseModel):
    """The baseline is the default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    learning_rate: float = Field(0.1, gt=0)
    decay: float = Field(0.01, ge=0)
    batch_size: int = Field(1, ge=1)  # a step per point: some 5 ms; 400 is one step
    epochs: int = Field(1, ge=1, le=1)


@dataclass
class Data:
    """Points around CLASSES centres: (points, FEATURES) float64, and their labels."""

    name: str
    fingerprint: str
    class_names: list[str]
    train_points: np.ndarray
    train_labels: np.ndarray
    test_points: np.ndarray
    test_labels: np.ndarray


@cache
def load_data(dataset: str = NAME, data_dir: Path = Path(".")) -> Data:
    """Make the same points every time."""
    random = np.random.default_rng(0)
    labels = random.integers(0, CLASSES, size=TRAINING + VALIDATION + TEST)
    points = random.normal(size=(CLASSES, FEATURES))[labels] + 1.2 * random.normal(size=(len(labels), FEATURES))
    digest = hashlib.sha256(points.tobytes()).hexdigest()[:16]
    at = TRAINING + VALIDATION
    names = [f"class{i}" for i in range(CLASSES)]
    return Data(NAME, digest, names, points[:at], labels[:at], points[at:], labels[at:])


@dataclass
class Trained:
    """What one training leaves."""

    weights: np.ndarray  # (FEATURES, CLASSES) float64
    train: Predictions
    val: Predictions
    test: Predictions


def train(data: Data, config: Config, seed: int) -> Trained:
    """Train one epoch."""
    random = np.random.default_rng(seed)
    order = random.permutation(len(data.train_labels))
    held_out, kept = order[:VALIDATION], order[VALIDATION:]
    targets = np.eye(CLASSES)[data.train_labels]
    weights = np.zeros((FEATURES, CLASSES))
    for at in range(0, len(kept), config.batch_size):
        batch = kept[at : at + config.batch_size]
        points = data.train_points[batch]
        gradient = points.T @ (_softmax(points @ weights) - targets[batch]) / len(batch)
        weights = weights - config.learning_rate * (gradient + config.decay * weights)
    on_train, on_val = ((data.train_points[which], data.train_labels[which]) for which in (kept, held_out))
    answers = [
        predictions(_softmax(points @ weights), labels)
        for points, labels in (on_train, on_val, (data.test_points, data.test_labels))
    ]
    return Trained(weights, *answers)


def fit(config: Config, seed: int, data: Data, on_epoch: Any, state: State | None = None) -> Outcome:
    """Train; there is only one epoch, so nothing to go on from."""
    started = time.perf_counter()
    done = train(data, config, seed)
    seconds = time.perf_counter() - started
    train_, val = done.train, done.val
    history = [Epoch(1, train_.loss, train_.accuracy, val.loss, val.accuracy, seconds, val.confusion)]
    weights = {"weights": done.weights}
    if on_epoch(history[0], lambda: weights):
        return Outcome("stopped", history)
    return Outcome("complete", history, 1, val, done.test, weights=weights, parameters=done.weights.size)


def _softmax(logits: np.ndarray) -> np.ndarray:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))

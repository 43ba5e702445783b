"""A trainable of milliseconds, so that a benchmark sees what the machinery around a training costs.

Logistic regression in numpy, one epoch on 400 made-up points. ``work`` is the same for whoever runs it;
the module's ``train`` hands it over as a trainable does.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from results.metric import Metric
from results.outcome import Predictions
from search_spaces import log_float

if TYPE_CHECKING:
    from study.training.run import Run

NAME = "trivial"
METRIC = Metric("val_accuracy", unit="%", margin=0.005, test="test_accuracy")
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


def work(data: Data, config: Config, seed: int) -> Trained:
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
        Predictions(_softmax(points @ weights).astype(np.float32), labels)
        for points, labels in (on_train, on_val, (data.test_points, data.test_labels))
    ]
    return Trained(weights, *answers)


def train(config: Config, run: Run) -> dict[str, float]:
    """Train; there is only one epoch, so nothing to go on from."""
    done = work(run.data, config, run.seed)
    run.keep({"weights": done.weights})
    run.predictions("val", done.val.probabilities, done.val.labels)
    run.predictions("test", done.test.probabilities, done.test.labels)
    return {
        "train_accuracy": done.train.accuracy,
        "val_accuracy": done.val.accuracy,
        "test_accuracy": done.test.accuracy,
    }


def _softmax(logits: np.ndarray) -> np.ndarray:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))

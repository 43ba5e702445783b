"""A trainable with little to compute and much to keep: weights of ``megabytes``, a state of three times that."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from results.metric import Metric

if TYPE_CHECKING:
    from study.training.run import Run

NAME = "bulky"
METRIC = Metric("val_accuracy", unit="%", test="test_accuracy")
PREFIX = True
IMAGES = 100


class Config(BaseModel):
    """The baseline is the default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    right: int = Field(50, ge=1, le=IMAGES)  # answers: a later trial with more of them ranks, so its weights are kept
    megabytes: int = Field(100, ge=1)
    pause: float = Field(1.0, ge=0)  # seconds per epoch
    epochs: int = Field(3, ge=1)


@dataclass
class Data:
    """Labels and nothing else."""

    name: str
    fingerprint: str
    class_names: list[str]
    train_labels: np.ndarray
    test_labels: np.ndarray


def load_data(dataset: str, data_dir: Path) -> Data:
    """Make the labels."""
    labels = np.arange(IMAGES) % 2
    return Data(NAME, "0123456789abcdef", ["even", "odd"], np.concatenate([labels, labels]), labels)


def train(config: Config, run: Run) -> Iterator[dict[str, float]]:
    """Wait, change a little of the weights and their moment, and report; best weights are the state's third part."""
    size = config.megabytes * 1_000_000 // 4
    weights, moment = np.zeros(size, np.float32), np.zeros(size, np.float32)
    run.keep({"weights": weights}, moment=moment)
    labels = run.data.test_labels
    answers = np.where(np.arange(IMAGES) < config.right, labels, 1 - labels)
    probabilities = np.where(np.eye(2)[answers] > 0, 0.9, 0.1)
    for _ in run.epochs(config.epochs):
        time.sleep(config.pause)
        for array in (weights, moment):
            array[:1000] += 1
        run.predictions("val", probabilities, labels)
        yield {"val_accuracy": config.right / IMAGES}
    run.predictions("test", probabilities, labels)
    return {"test_accuracy": config.right / IMAGES}  # noqa: B901

"""A trainable with little to compute and much to keep: weights of ``megabytes``, a state of three times that."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from results.outcome import Epoch, Outcome, State, pack_history, predictions, unpack_history

NAME = "bulky"
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


def fit(config: Config, seed: int, data: Data, on_epoch: Any, state: State | None = None) -> Outcome:
    """Wait, change a little of the weights and both moments, and report."""
    size = config.megabytes * 1_000_000 // 4
    kept = {name: np.zeros(size, np.float32) for name in ("weights", "first", "second")}
    history: list[Epoch] = []
    if state is not None:
        kept, history = {name: state[name].copy() for name in kept}, unpack_history(state)
    answers = np.where(np.arange(IMAGES) < config.right, data.test_labels, 1 - data.test_labels)
    on_all = predictions(np.where(np.eye(2)[answers] > 0, 0.9, 0.1), data.test_labels)
    for epoch in range(len(history) + 1, config.epochs + 1):
        started = time.perf_counter()
        time.sleep(config.pause)
        for array in kept.values():
            array[:1000] += 1
        seconds = time.perf_counter() - started
        scores = (on_all.loss, on_all.accuracy)
        history.append(Epoch(epoch, *scores, *scores, seconds, on_all.confusion))

        def copy_state() -> State:
            return {name: array.copy() for name, array in kept.items()} | pack_history(history)

        if on_epoch(history[-1], copy_state):
            return Outcome("stopped", history)
    return Outcome("complete", history, 1, on_all, on_all, weights={"weights": kept["weights"]}, parameters=size)

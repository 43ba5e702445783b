"""The toy with a space to sweep and, in the file that $TOY_JOURNAL names, a line for every epoch that was trained.

Trainings that begin when the file that $TOY_HURRY names is there make no pause.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from results.config import config_hash
from search_spaces import choice, log_float
from tests.support import toy
from tests.support.toy import METRIC, PREFIX, Config, load_data

if TYPE_CHECKING:
    from study.training.run import Run

NAME = "killed-toy"
SPACES = {
    "toy": {
        "learning_rate": log_float(1e-3, 1.0),
        "noise": choice(0.0, 0.3, 1.0),
        "batch_size": choice(16, 64),  # not the baseline's: an ablation always has two changes to study
        "epochs": choice(3, 9, 12),
    }
}


def train(config: Config, run: Run) -> Iterator[dict[str, float]]:
    """Train as the toy does, and write down what."""
    if os.path.exists(os.environ.get("TOY_HURRY", "")):
        config = config.model_copy(update={"pause": 0.0})
    training = toy.train(config, run)
    while True:
        try:
            values = next(training)
        except StopIteration as end:
            return end.value
        if journal := os.environ.get("TOY_JOURNAL"):
            with open(journal, "a") as file:
                file.write(f"{config_hash(config.model_dump())} {run.seed} {run.epoch}\n")
        yield values


__all__ = ["METRIC", "NAME", "PREFIX", "SPACES", "Config", "load_data", "train"]

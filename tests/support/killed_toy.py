"""The toy with a space to sweep and, in the file that $TOY_JOURNAL names, a line for every epoch that was trained."""

from __future__ import annotations

import os
from typing import Any

from results.config import config_hash
from results.outcome import Epoch, Outcome
from search_spaces import choice, log_float
from tests.support import toy
from tests.support.toy import Config, Data, load_data

NAME = "killed-toy"
SPACES = {
    "toy": {
        "learning_rate": log_float(1e-3, 1.0),
        "noise": choice(0.0, 0.3, 1.0),
        "batch_size": choice(16, 64),  # not the baseline's: an ablation always has two changes to study
        "epochs": choice(3, 9, 12),
    }
}


def fit(config: Config, seed: int, data: Data, on_epoch: Any, state: Any = None) -> Outcome:
    """Train as the toy does, and write down what."""

    def told(epoch: Epoch, snapshot: Any) -> bool:
        journal = os.environ.get("TOY_JOURNAL")
        if journal:
            with open(journal, "a") as file:
                file.write(f"{config_hash(config.model_dump())} {seed} {epoch.epoch}\n")
        return bool(on_epoch(epoch, snapshot))

    return toy.fit(config, seed, data, told, state)


__all__ = ["NAME", "SPACES", "Config", "fit", "load_data"]

"""Trainings made of a function, as the toolkit makes them: whole, interrupted, through a file and on."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from pydantic import BaseModel
from safetensors.numpy import load, save

from results.metric import Metric
from results.outcome import Epoch, Outcome, Runtime, State
from study.jobs import Model
from study.protocol import Trainable, trainable_of
from study.training.loop import train

LOSS = Metric("val_loss", "min")


class Config(BaseModel):
    """For trainings that have nothing to set."""

    epochs: int = 4


def of_function(function: Callable[..., Any], metric: Metric = LOSS, **members: Any) -> Trainable:
    """The trainable of a module with this function as its ``train(config, run)``."""
    module = ModuleType("made_up")
    vars(module).update({"Config": Config, "METRIC": metric, "train": function, **members})
    return trainable_of(module, "made_up")


def run(
    trainable: Trainable,
    seed: int = 1,
    data: Any = None,
    earlier: tuple[int, State] | None = None,
    leave_after: int = 0,
    states: dict[int, State] | None = None,
    **settings: Any,
) -> Outcome:
    """Train in a process whose global generators stand anywhere; ``states`` gets those after each epoch."""
    random.seed()
    np.random.seed(None)
    config = trainable.Config(**settings).model_dump(mode="json")

    def on_epoch(epoch: Epoch, copy_state: Callable[[], State] | None, last: bool) -> bool:
        if states is not None and copy_state is not None:
            states[epoch.epoch] = through_a_file(copy_state())
        return epoch.epoch == leave_after

    return train(Model(trainable, "made_up", data, Runtime()), config, seed, on_epoch, earlier)


def through_a_file(state: Mapping[str, np.ndarray]) -> State:
    """As a checkpoint comes back: read-only, in rows."""
    back = load(save({name: np.asarray(array, order="C") for name, array in state.items()}))
    for array in back.values():
        array.flags.writeable = False
    return back


def temporary_module(folder: Path, text: str, name: str = "mine.py") -> str:
    """Write a trainable's file and return its path."""
    (folder / name).write_text(text)
    return str(folder / name)

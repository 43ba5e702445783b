"""A decorated function called by hand: one training, printed, as ``python mymodel.py`` would do without the toolkit."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from results.config import checked_config
from results.outcome import Epoch, Outcome, Runtime
from study.jobs import Model
from study.protocol import Trainable, takes
from study.training.loop import train

SEED = 0


def train_by_hand(trainable: Trainable, config: Any, args: Sequence[Any], settings: Mapping[str, Any]) -> Outcome:
    """Train once, print every epoch and the end, and return the outcome.

    Settings are the call's, else the command line's: read by the parser that is the trainable's ``config``, if that is
    one, so that a script does what it did. Without a seed it is 0.
    """
    if args:
        raise TypeError("called without run, a trainable takes its settings by name")
    given = dict(settings) or _command_line(trainable, config)
    seed = int(given.pop("seed", SEED))
    values = checked_config(trainable.Config, given)
    load = trainable.hook("load_data")
    model = Model(trainable, trainable.name, load(**takes(load)) if load else None, Runtime())

    def on_epoch(epoch: Epoch, copy_state: Any, last: bool) -> bool:
        print(f"epoch {epoch.epoch} {_written(epoch.values)}", flush=True)
        return False

    outcome = train(model, values, seed, on_epoch)
    print(f"{outcome.status} {_written(outcome.test_values)}{outcome.error or ''}", flush=True)
    return outcome


def _command_line(trainable: Trainable, config: Any) -> dict[str, Any]:
    names = [*trainable.Config.model_fields, "seed"]
    found = config
    if callable(found) and not isinstance(found, type | argparse.ArgumentParser):
        found = found()
    if isinstance(found, argparse.ArgumentParser):
        found = found.parse_args()
    if config is None or isinstance(config, type):
        parser = argparse.ArgumentParser(description=inspect.getdoc(trainable.module), allow_abbrev=False)
        for name in names:
            parser.add_argument(f"--{name.replace('_', '-')}", dest=name, default=argparse.SUPPRESS)
        found = parser.parse_args()
    return {name: getattr(found, name) for name in names if hasattr(found, name)}


def _written(values: Mapping[str, float]) -> str:
    return " ".join(f"{name}={value:.6g}" for name, value in values.items())

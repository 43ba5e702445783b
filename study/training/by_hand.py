"""A decorated function called by hand: one training, printed, as ``python mymodel.py`` would do without the toolkit."""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from results.config import checked_config
from results.outcome import Epoch, Outcome, Runtime
from study.jobs import Model
from study.protocol import Trainable, takes
from study.training.loop import train

SEED = 0


def train_by_hand(trainable: Trainable, args: Sequence[Any], settings: Mapping[str, Any]) -> Outcome:
    """Train once with seed 0, print every epoch and the end, and return the outcome.

    Settings are the call's, else, where the config is a parser's and the call has none, the command line's.
    """
    seed = int(settings.get("seed", SEED))
    given = {name: value for name, value in settings.items() if name != "seed"}
    if args:
        raise TypeError("called without run, a trainable takes its settings by name")
    parser = argparse.ArgumentParser(description=inspect.getdoc(trainable.module))
    if not settings and len(sys.argv) > 1:
        for name in [*trainable.Config.model_fields, "seed"]:
            parser.add_argument(f"--{name.replace('_', '-')}", dest=name, default=argparse.SUPPRESS)
        given = vars(parser.parse_args())
        seed = int(given.pop("seed", SEED))
    config = checked_config(trainable.Config, given)
    load = trainable.hook("load_data")
    model = Model(trainable, trainable.name, load(**takes(load)) if load else None, Runtime())

    def on_epoch(epoch: Epoch, copy_state: Any, last: bool) -> bool:
        print(f"epoch {epoch.epoch} {_written(epoch.values)}", flush=True)
        return False

    outcome = train(model, config, seed, on_epoch)
    print(f"{outcome.status} {_written(outcome.test_values)}{outcome.error or ''}", flush=True)
    return outcome


def _written(values: Mapping[str, float]) -> str:
    return " ".join(f"{name}={value:.6g}" for name, value in values.items())

"""AlexNet for 32x32 images: the first trainable. No Ray, no Optuna; training writes no files.

The heavy parts load on first use, so that reading ``alexnet.Config`` does not import torch.
"""

from __future__ import annotations

import importlib
from typing import Any

from alexnet.config import ARCHITECTURES, Config
from results.metric import Metric

NAME = "AlexNet (32x32)"
METRIC = Metric("val_accuracy", "max", "%", margin=0.005, test="test_accuracy", select="val_loss:min")
PREFIX = True  # a constant learning rate: k epochs of a longer training are a training of k epochs

__all__ = [
    "METRIC",
    "NAME",
    "PREFIX",
    "Config",
    "check",
    "describe",
    "load_data",
    "preview",
    "resolve_runtime",
    "train",
]


def describe(config: Config) -> str:
    """Say in a line which architecture ``config`` names."""
    return ARCHITECTURES[config.architecture].description


_HEAVY = {
    "train": "train.train",
    "check": "train.check",
    "load_data": "data.load",
    "resolve_runtime": "runtime.resolve_runtime",
    "preview": "augment.preview",
}


def __getattr__(name: str) -> Any:
    if name not in _HEAVY:
        raise AttributeError(f"module 'alexnet' has no attribute '{name}'")
    module, _, member = _HEAVY[name].partition(".")
    return getattr(importlib.import_module(f"alexnet.{module}"), member)

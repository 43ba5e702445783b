"""The built-in spaces, for AlexNet's config. A dimension is one line; so is a new space's name in SPACES.

Ranges hold the baseline, so that a sweep can find it again, and keep to what a 32x32 AlexNet trains with at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from alexnet.config import ARCHITECTURES
from search_spaces.dimensions import choice, integer, log_float, uniform

# What people vary first. No trial costs more epochs than the baseline's 25, nor an architecture several times its time.
default = {
    "learning_rate": log_float(1e-4, 1e-2),
    "batch_size": choice(64, 128, 256, 512),
    "epochs": choice(10, 15, 25),
    "normalization": choice("channel", "half", "none"),
    "architecture": choice(
        "baseline",
        "batch_norm",
        "no_dropout",
        "average_pool",
        "wide",
        "narrow",
        "shallow",
        "global_pool",
        "small_classifier",
        "leaky_relu",
    ),
}


def optimiser(trial: Any) -> dict[str, Any]:
    """How the weights are found: SGD has a momentum and wants a rate some thirty times Adam's."""
    config = {"optimizer": trial.suggest_categorical("optimizer", ["adam", "adamw", "nadam", "sgd"])}
    if config["optimizer"] == "sgd":
        config["learning_rate"] = trial.suggest_float("sgd_learning_rate", 3e-3, 3e-1, log=True)
        config["momentum"] = trial.suggest_float("momentum", 0.5, 0.95, step=0.05)
    else:
        config["learning_rate"] = trial.suggest_float("learning_rate", 1e-4, 1e-2, log=True)
    config["weight_decay"] = trial.suggest_categorical("weight_decay", [0.0, 1e-5, 1e-4, 1e-3, 1e-2])
    config["label_smoothing"] = trial.suggest_float("label_smoothing", 0.0, 0.2, step=0.05)
    return config


def architecture(trial: Any) -> dict[str, Any]:
    """The network alone, at a rate that suits it; dropout where there is a hidden layer to drop from."""
    names = [name for name in ARCHITECTURES if name != "tiny"]  # which is for demonstrations
    config = {"architecture": trial.suggest_categorical("architecture", names)}
    chosen = ARCHITECTURES[config["architecture"]]
    if chosen.use_dropout and chosen.hidden:
        config["dropout"] = trial.suggest_float("dropout", 0.0, 0.8, step=0.1)
    config["learning_rate"] = trial.suggest_float("learning_rate", 3e-4, 3e-3, log=True)
    return config


augmentation = {
    "rotation_degrees": uniform(0, 20, step=2.5),
    "flip_probability": choice(0.0, 0.5),
    "crop_padding": integer(0, 4),
}

SPACES: dict[str, Mapping[str, Any] | Callable[[Any], Any]] = {
    "default": default,
    "optimiser": optimiser,
    "architecture": architecture,
    "augmentation": augmentation,
}

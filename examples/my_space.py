"""Search spaces of one's own for AlexNet, as a dict and as a function, and ablations chosen by hand.

    python -m study.run sweep --study runs/a --space examples/my_space.py:schedule --trials 20
    python -m study.run sweep --study runs/b --space examples/my_space.py:regularisation --trials 20
    python -m study.run ablate --study runs/a --from baseline --space-file examples/my_space.py

docs/search-spaces.md explains every part.
"""

from __future__ import annotations

from typing import Any

from search_spaces import choice, log_float

# A dict: each field of the config with what it may be. One line more is one dimension more.
schedule = {
    "learning_rate": log_float(3e-4, 3e-3),
    "batch_size": choice(128, 256, 512),
    "epochs": choice(15, 25),
}


# A function: where one choice decides which others there are. Fields that it leaves out keep the baseline's value.
def regularisation(trial: Any) -> dict[str, Any]:
    """Dropout or weight decay against overfitting, either with more augmentation or without."""
    config: dict[str, Any] = {"rotation_degrees": trial.suggest_categorical("rotation_degrees", [5.0, 10.0, 15.0])}
    if trial.suggest_categorical("by", ["dropout", "decay"]) == "dropout":
        config["dropout"] = trial.suggest_float("dropout", 0.0, 0.7, step=0.1)
    else:
        config |= {"dropout": 0.0, "optimizer": "adamw"}
        config["weight_decay"] = trial.suggest_float("weight_decay", 1e-4, 1e-1, log=True)
    return config


# Named changes to the config that is ablated, in place of (or beside) its differences from the baseline.
ablations = {
    "no augmentation": {"rotation_degrees": 0.0, "flip_probability": 0.0, "crop_padding": 0},
    "no flip": {"flip_probability": 0.0},
    "no dropout": {"dropout": 0.0},
}

"""The names of the values that a training reports: what may be one, which split it is of, and how it is written."""

from __future__ import annotations

import functools
import re
from typing import Any

SPLITS = {
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
    **dict.fromkeys(("train", "training"), "training"),
    "test": "test",
}
ACCURACY = ("acc", "accuracy")
ACRONYMS = ("auc", "auroc", "bleu", "f1", "iou", "mae", "map", "mse", "psnr", "r2", "rmse", "roc", "wer")
LONGEST = 100  # characters
NAME = re.compile(r"[^\W\d][\w./@-]*")


def is_name(value: Any) -> bool:
    """Whether a text can name a value."""
    return isinstance(value, str) and len(value) <= LONGEST and NAME.fullmatch(value) is not None


@functools.lru_cache(maxsize=1024)  # asked for each value of each epoch of each record, of a handful of names
def split_name(name: str) -> tuple[str | None, str]:
    """Return the split that a name begins or ends with, if any, and the rest: 'val_loss' -> validation, loss."""
    words = re.split(r"[_./-]", name)
    for at in (0, -1):
        split = SPLITS.get(words[at].lower())
        if split and len(words) > 1:
            return split, " ".join(words[1:] if at == 0 else words[:-1])
    return None, name.replace("_", " ")


def label_of(name: str) -> str:
    """Return a name without its split, as one writes it: 'loss' of 'val_loss', 'accuracy' of 'acc', 'RMSE'."""
    words = split_name(name)[1].split()
    return " ".join("accuracy" if w in ACCURACY else w.upper() if w in ACRONYMS else w for w in words)


def is_accuracy(name: str) -> bool:
    """Whether a value is called an accuracy: then it must be what the predictions beside it say."""
    return split_name(name)[1].lower() in ACCURACY


def is_loss(name: str) -> bool:
    """Whether a value is called a loss."""
    return split_name(name)[1].lower().split(" ")[-1] == "loss"


def is_training(name: str) -> bool:
    """Whether a value is one of training."""
    return split_name(name)[0] == "training"

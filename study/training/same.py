"""Whether two trainings gave the same, bit by bit, and where they differ."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from results.outcome import Outcome, Predictions


def differing_part(one: Outcome, other: Outcome) -> str | None:
    """Return the name of the first part in which two outcomes differ, seconds aside; None if they are the same."""
    mine, theirs = _parts(one), _parts(other)
    for name in (*mine, *theirs):
        if name not in mine or name not in theirs or not _alike(mine[name], theirs[name]):
            return name
    return None


def _parts(outcome: Outcome) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    for epoch in outcome.history:
        parts |= {f"epoch {epoch.epoch}: {name}": value for name, value in epoch.values.items()}
        parts[f"epoch {epoch.epoch}: val_confusion"] = epoch.val_confusion
    for split, found in (("val", outcome.val), ("test", outcome.test)):
        parts |= {f"{split}.{f.name}": getattr(found, f.name) for f in fields(Predictions)} if found else {}
    parts |= {f"weights['{name}']": array for name, array in outcome.weights.items()}
    names = ("status", "best_epoch", "test_values", "examples", "features", "parameters", "class_names", "error")
    return parts | {name: getattr(outcome, name) for name in names}


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    return bool(type(one) is type(other) and one == other)

"""The door of data: what a trainable's load_data returned can be classified, or is refused in one line."""

from __future__ import annotations

from typing import Any

import numpy as np

from results.errors import UserError, named, shown


def check_data(trainable: str, data: Any) -> None:
    """Raise UserError where ``data``, as ``load_data`` of ``trainable`` returned it, is not what can be classified."""
    try:
        fault = _fault(data)
    except Exception as error:  # noqa: BLE001 - whatever the data are made of
        fault = f"data that cannot be read: {named(error)}"
    if fault:
        raise UserError(f"trainable '{trainable}': load_data returned {fault}")


def _fault(data: Any) -> str | None:
    for member in ("name", "fingerprint", "class_names", "train_labels", "test_labels"):
        if not hasattr(data, member):
            return f"data without '{member}'"
    for member in ("name", "fingerprint"):
        if not isinstance(getattr(data, member), str) or not getattr(data, member):
            return f"data whose {member} is {shown(getattr(data, member))}, not a text"
    names = [str(name) for name in data.class_names]
    if len(names) < 2:
        return f"data with {len(names)} class names: at least two are needed"
    twice = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    if twice is not None:
        return f"data with two classes called {shown(twice)}"
    for member in ("train_labels", "test_labels"):
        labels = np.asarray(getattr(data, member))
        if labels.ndim != 1 or not len(labels):
            return f"data whose {member} are of shape {labels.shape}, not one label for each image"
        if labels.dtype.kind not in "iu":
            return f"data whose {member} are {labels.dtype}: not class numbers 0..{len(names) - 1} (a regression?)"
        if not 0 <= labels.min() <= labels.max() < len(names):
            found = f"data whose {member} go from {labels.min()} to {labels.max()}"
            return f"{found}, not within 0..{len(names) - 1}: labels count from 0"
    return None

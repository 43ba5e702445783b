"""The toolkit: sweeps, confirmation, ablation and the report, for any trainable.

``from study import Metric, trainable`` is what a model's file needs; both load on first use, so that importing a module
of the toolkit costs no more than that module.
"""

import importlib
from typing import Any

__all__ = ["Metric", "trainable"]

_HOME = {"Metric": "results.metric", "trainable": "study.declare"}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'study' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOME[name]), name)

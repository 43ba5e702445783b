"""What may vary in a sweep: named spaces, a user's own, and the checks before anything starts. Imports no torch.

Optuna loads with what needs it, so that a trainable may name its dimensions without.
"""

import importlib
from typing import Any

from search_spaces.dimensions import choice, integer, log_float, log_integer, uniform

__all__ = ["Space", "choice", "integer", "load_ablations", "load_space", "log_float", "log_integer", "uniform"]

_HEAVY = {"Space": "space", "load_ablations": "load", "load_space": "load"}


def __getattr__(name: str) -> Any:
    if name not in _HEAVY:
        raise AttributeError(f"module 'search_spaces' has no attribute '{name}'")
    return getattr(importlib.import_module(f"search_spaces.{_HEAVY[name]}"), name)

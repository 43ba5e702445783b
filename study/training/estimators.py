"""An estimator of scikit-learn's, kept by its attributes, where what it has learned is arrays and plain values."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from results.errors import BadResult, shown

TEXTS, SAME, DRAWS = "texts", "same", "draws"  # mark an array of texts, one more name of an array, a random generator


def state_of(estimator: Any, where: str) -> dict[str, Any]:
    """Return what :func:`load` puts back. Raises BadResult where that is not all that it has learned.

    Trees, and networks with an optimiser of their own, cannot be made again from arrays: better told than half kept.
    """
    state: dict[str, Any] = {}
    names: dict[int, str] = {}  # SGDClassifier's coef_ and _average_coef may be one, which it relies on
    for name, part in vars(estimator).items():
        if isinstance(part, np.ndarray | np.random.RandomState):
            if id(part) in names:
                state[name] = {SAME: names[id(part)]}
                continue
            names[id(part)] = name
        if isinstance(part, np.random.RandomState):
            state[name] = {DRAWS: part.get_state(legacy=False)}
        elif isinstance(part, np.ndarray) and part.dtype.kind in "UO" and all(isinstance(x, str) for x in part.flat):
            state[name] = {TEXTS: part.tolist(), "dtype": part.dtype.str}  # class labels
        elif _plain(part):
            state[name] = part
        elif not _is_fixed(part):
            raise BadResult(
                f"{where} is a {type(estimator).__name__}, whose {name} is {shown(part)}, which a file cannot hold "
                "without pickle: leave it out of run.keep (it then starts again when interrupted), or keep its arrays"
            )
    return state


def load(estimator: Any, state: dict[str, Any]) -> None:
    """Put a state back."""
    for name, part in state.items():
        if not isinstance(part, dict):
            setattr(estimator, name, copy.deepcopy(part))
        elif SAME in part:
            setattr(estimator, name, getattr(estimator, part[SAME]))
        elif TEXTS in part:
            setattr(estimator, name, np.array(part[TEXTS], part["dtype"]))
        elif DRAWS in part:
            draws = np.random.RandomState()
            draws.set_state(part[DRAWS])
            setattr(estimator, name, draws)
        else:
            setattr(estimator, name, copy.deepcopy(part))


def _plain(value: Any) -> bool:
    if isinstance(value, list | tuple | dict):
        return all(map(_plain, value.values() if isinstance(value, dict) else value))
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "biuf"
    return value is None or isinstance(value, np.generic | bool | int | float | str)


def _is_fixed(value: Any) -> bool:
    """Whether it is made again with its owner, as functions are, and objects that have no state."""
    if callable(value):
        return True
    try:
        made: Any = value.__reduce__()
    except Exception:  # noqa: BLE001 - it cannot be pickled either
        return False
    return isinstance(made, tuple) and len(made) == 2 and _plain(made[1])

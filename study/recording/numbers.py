"""From values of any kind to plain python numbers and numpy arrays. Raises BadResult alone, whatever the values do."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from results.errors import BadResult, named, shown
from results.outcome import State


def number_of(value: Any, field: str) -> float:
    """Return one number as a float, which may be NaN or infinite. Raises BadResult for text, None and several."""
    if getattr(value, "ndim", 0) != 0:
        raise BadResult(f"{field} is an array of shape {tuple(value.shape)}, not one number")
    if value is None or isinstance(value, str | bytes | bool | np.bool_ | complex | np.complexfloating):
        raise BadResult(f"{field} is {shown(value)}, not a number")
    try:
        return float(value)
    except Exception as error:  # noqa: BLE001 - a class of the trainable's own may raise anything
        raise BadResult(f"{field} is {shown(value)}, not a number ({named(error)})") from None


def whole(value: Any, field: str) -> int:
    """Return one integer; raises BadResult, for floats too."""
    if isinstance(value, bool | np.bool_):
        raise BadResult(f"{field} is {value}, not an integer")
    try:
        return operator.index(value)
    except Exception:  # noqa: BLE001 - a class of the trainable's own may raise anything
        raise BadResult(f"{field} is {shown(value)}, not an integer") from None


def plain_array(value: Any, field: str) -> np.ndarray:
    """Return numbers or bools as an array that a file can hold. Raises BadResult."""
    try:
        own = isinstance(value, list) and type(value) is not list  # its iteration may have no end
        array = np.asarray(list(list.__iter__(value)) if own else value)
    except Exception as error:  # noqa: BLE001 - tensors on another device, ragged lists
        raise BadResult(f"{field} is no array: {named(error)}") from None
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise BadResult(f"{field} is of {array.dtype}, not of numbers or bools")
    return array


def plain_arrays(state: Any, field: str) -> State:
    """Return a flat dict of names and arrays, as weights and states are, that a safetensors file can hold."""
    if not isinstance(state, dict):
        what = "an array" if hasattr(state, "ndim") else shown(state)
        raise BadResult(f"{field} is {what}, not a dict of arrays")
    items = list(dict.items(state))
    for name, _ in items:
        if not isinstance(name, str) or name == "__metadata__" or not name.isprintable():  # nor half a surrogate pair
            raise BadResult(f"{field} has the name {shown(name)}: names are printable texts")
    return {str(name): plain_array(array, f"{field}['{name}']") for name, array in items}

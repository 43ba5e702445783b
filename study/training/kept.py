"""What a training keeps: objects whose state is copied, and loaded again when it goes on or goes back to its best."""

from __future__ import annotations

import copy
import random
from collections.abc import Mapping
from typing import Any

import numpy as np

from results.errors import BadResult, named, shown
from study.training import estimators
from study.training.states import is_tensor


def state_of(value: Any, where: str) -> Any:
    """Return what :func:`load` puts back into ``value``. Not a copy. Raises BadResult for what cannot be kept."""
    if hasattr(value, "state_dict") and hasattr(value, "load_state_dict"):
        return value.state_dict()
    if isinstance(value, np.random.Generator):
        return value.bit_generator.state
    if isinstance(value, np.random.RandomState):
        return value.get_state(legacy=False)
    if isinstance(value, random.Random):
        return value.getstate()
    if _is_torch_generator(value):
        return value.get_state()
    if isinstance(value, np.ndarray) or is_tensor(value):
        return value
    if isinstance(value, Mapping):
        return {name: state_of(part, f"{where}['{name}']") for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [state_of(part, f"{where}[{i}]") for i, part in enumerate(value)]
    if value is None or isinstance(value, str | bytes | int | float | type) or not hasattr(value, "__dict__"):
        raise BadResult(
            f"{where} is {shown(value)}: keep takes what has state_dict and load_state_dict, arrays, random generators "
            "and estimators; a number that changes goes into run.state"
        )
    return estimators.state_of(value, where)


def load(value: Any, state: Any, where: str) -> None:
    """Put a state back. Raises BadResult where it does not fit."""
    try:
        _load(value, state, where)
    except BadResult:
        raise
    except Exception as error:  # noqa: BLE001 - whatever load_state_dict of the trainable's raises
        raise BadResult(f"{where}: its state cannot be loaded again: {named(error)}") from error


def copied(state: Any) -> Any:
    """Copy a state: tensors in their memory order and on their device."""
    if is_tensor(state):
        return state.detach().clone()
    if isinstance(state, Mapping):
        return {name: copied(part) for name, part in state.items()}
    if isinstance(state, list | tuple):
        return type(state)(copied(part) for part in state)
    return copy.deepcopy(state)


def count(value: Any) -> int:
    """Count trained numbers: of a module its parameters, else all numbers that its state holds."""
    if isinstance(value, Mapping):
        return sum(map(count, value.values()))
    if callable(parameters := getattr(value, "parameters", None)):
        return sum(int(p.numel()) for p in parameters())
    return _numbers(state_of(value, "keep"))


def _numbers(state: Any) -> int:
    if is_tensor(state):
        return int(state.numel()) if state.is_floating_point() else 0
    if isinstance(state, np.ndarray):
        return state.size if state.dtype.kind == "f" else 0
    if isinstance(state, Mapping):
        return sum(map(_numbers, state.values()))
    return sum(map(_numbers, state)) if isinstance(state, list | tuple) else 0


def _load(value: Any, state: Any, where: str) -> None:
    if hasattr(value, "load_state_dict"):
        value.load_state_dict(state)
        _restride(value)
    elif isinstance(value, np.random.Generator):
        value.bit_generator.state = state
    elif isinstance(value, np.random.RandomState) or _is_torch_generator(value):
        value.set_state(state)
    elif isinstance(value, random.Random):
        value.setstate(state)
    elif isinstance(value, np.ndarray):
        np.copyto(value, state)
    elif is_tensor(value):
        value.data.copy_(state)
    elif isinstance(value, Mapping):
        for name, part in value.items():
            _load(part, state[name], f"{where}['{name}']")
    elif isinstance(value, list | tuple):
        for i, part in enumerate(value):
            _load(part, state[i], f"{where}[{i}]")
    else:
        estimators.load(value, state)


def _restride(optimizer: Any) -> None:
    """Give an optimiser's loaded slots the memory order of their weights, on which fused kernels rely."""
    slots = getattr(optimizer, "state", None)
    if not isinstance(slots, Mapping):
        return
    for parameter, slot in slots.items():
        for name, tensor in slot.items() if is_tensor(parameter) and isinstance(slot, dict) else ():
            if is_tensor(tensor) and tensor.shape == parameter.shape and tensor.stride() != parameter.stride():
                slot[name] = parameter.detach().to(tensor.dtype, copy=True).copy_(tensor)


def _is_torch_generator(value: Any) -> bool:
    return type(value).__module__.startswith("torch") and type(value).__name__ == "Generator"

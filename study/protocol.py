"""How the toolkit reaches a model: the trainable protocol and its loader. See docs/trainable.md."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import numpy as np

from results.errors import UserError
from results.outcome import Epoch, Outcome, Runtime, State

OnEpoch = Callable[[Epoch, Callable[[], State]], bool]
"""Called after every epoch with its measurements and a function that copies the whole state; True asks to stop."""


class Data(Protocol):
    """What ``load_data`` returns must have at least these; anything else is the trainable's own."""

    name: str  # label of the results
    fingerprint: str  # hex digest of the content: the same images give the same
    class_names: Sequence[str]
    train_labels: Any  # (train images,) integers
    test_labels: Any  # (test images,) integers


class Trainable(Protocol):
    """A module with these names is a trainable."""

    NAME: str
    Config: Any  # a frozen pydantic model; its defaults are the baseline

    def load_data(self, dataset: str, data_dir: Path) -> Data:
        """Load a dataset by name or path."""

    def fit(
        self, config: Any, seed: int, data: Any, on_epoch: OnEpoch, state: State | None = None, runtime: Runtime = ...
    ) -> Outcome:
        """Train once; go on from ``state`` where one is given."""


def load_trainable(name: str) -> ModuleType:
    """Import a trainable from ``package.module`` or ``path/to/file.py``. Raises UserError if it is none."""
    try:
        module = _from_file(Path(name)) if name.endswith(".py") else _from_name(name)
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"trainable '{name}' cannot be imported: {type(error).__name__}: {error}") from error
    missing = [member for member in ("NAME", "Config", "load_data", "fit") if not hasattr(module, member)]
    if missing:
        raise UserError(f"trainable '{name}' lacks {', '.join(missing)}; docs/trainable.md has the protocol")
    return module


def _from_name(name: str) -> ModuleType:
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(error.name + ".")):
            raise UserError(f"no trainable '{name}': give a module name or a path ending in .py") from None
        raise


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise UserError(f"no trainable at '{path}'")
    path = path.resolve()
    name = f"trainable_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UserError(f"trainable '{path}' is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # before executing: pydantic resolves annotations through it
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def fit(
    trainable: ModuleType,
    config: Any,
    seed: int,
    data: Data,
    on_epoch: OnEpoch,
    state: State | None = None,
    runtime: Runtime | None = None,
) -> Outcome:
    """Call the trainable's ``fit``; ``runtime`` is passed only to one that takes it."""
    takes_runtime = "runtime" in inspect.signature(trainable.fit).parameters
    extra = {"runtime": runtime or Runtime()} if takes_runtime else {}
    outcome = trainable.fit(config, seed, data, on_epoch, state, **extra)
    if not isinstance(outcome, Outcome):
        raise TypeError(f"{trainable.NAME}.fit returned {type(outcome).__name__}, not results.outcome.Outcome")
    return outcome


def as_numpy(images: Any) -> np.ndarray:
    """(n, 3, h, w) uint8 tensor or array -> (n, h, w, 3) uint8 array, as pictures are stored."""
    return np.ascontiguousarray(np.asarray(images).transpose(0, 2, 3, 1))

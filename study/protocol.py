"""How the toolkit reaches a model: the trainable protocol and its loader. See docs/trainable.md."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import numpy as np
from pydantic import BaseModel

from results.code import execute
from results.errors import UserError, foreign
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


OWN = ("alexnet",)
"""The toolkit's own trainables, by module: what a study's folder may name without being asked for it."""


def is_file(name: str) -> bool:
    """Whether ``--trainable`` names a file, not a module."""
    return name.endswith(".py")


def load_trainable(name: str, sha256: str | None = None, mend: str = "") -> ModuleType:
    """Import a trainable from ``package.module`` or ``path/to/file.py``.

    ``sha256`` is what the file must be, compared before anything of it runs; ``mend`` ends that refusal. Raises
    UserError where it cannot be imported or is no trainable.
    """
    module = execute(Path(name).expanduser(), "trainable", sha256, mend) if is_file(name) else _from_name(name)
    where = f"trainable '{name}'"
    with foreign(where):
        missing = [member for member in ("NAME", "Config", "load_data", "fit") if not hasattr(module, member)]
        if missing:
            raise UserError(f"{where} lacks {', '.join(missing)}; docs/trainable.md has the protocol")
        for kept, rule in (
            (isinstance(module.NAME, str) and module.NAME.strip(), "NAME is a text"),
            (isinstance(module.Config, type) and issubclass(module.Config, BaseModel), "Config is a pydantic model"),
            (callable(module.load_data) and callable(module.fit), "load_data and fit are functions"),
            (isinstance(getattr(module, "SPACES", {}), Mapping), "SPACES is a dict of search spaces"),
        ):
            if not kept:
                raise UserError(f"{where} does not keep the protocol: {rule}")
    return module


def _from_name(name: str) -> ModuleType:
    if Path(name).expanduser().is_dir() and not name.isidentifier():
        raise UserError(f"trainable '{name}' is a folder: give a module name or a path ending in .py")
    if not all(part.isidentifier() for part in name.split(".")):
        raise UserError(f"no trainable '{name}': give a module name or a path ending in .py")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    with foreign(f"trainable '{name}'"):
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name and (name == error.name or name.startswith(error.name + ".")):
                raise UserError(f"no trainable '{name}': give a module name or a path ending in .py") from None
            raise


def fit(
    trainable: ModuleType,
    config: Any,
    seed: int,
    data: Data,
    on_epoch: OnEpoch,
    state: State | None = None,
    runtime: Runtime | None = None,
) -> Any:
    """Call the trainable's ``fit``, unchecked; ``runtime`` is passed only to one that takes it."""
    takes_runtime = "runtime" in inspect.signature(trainable.fit).parameters
    extra = {"runtime": runtime or Runtime()} if takes_runtime else {}
    return trainable.fit(config, seed, data, on_epoch, state, **extra)


def as_numpy(images: Any) -> np.ndarray:
    """(n, 3, h, w) uint8 tensor or array -> (n, h, w, 3) uint8 array, as pictures are stored."""
    return np.ascontiguousarray(np.asarray(images).transpose(0, 2, 3, 1))

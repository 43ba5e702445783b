"""How the toolkit reaches a model: a trainable, how one is declared, and its loader. See docs/trainable.md."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from results.code import execute, file_and_name, is_in_file
from results.config import ConfigClass
from results.errors import UserError, foreign, nearest
from results.metric import Metric
from study.configs import SEED, from_given, from_signature

DECLARED = "__trainable__"  # where the decorator leaves what it was given
HOOKS = ("load_data", "check", "preview", "resolve_runtime", "describe")


@dataclass(frozen=True)
class Trainable:
    """A model as the toolkit knows it, however it was declared.

    Attributes:
        name: for the report.
        Config: a pydantic model of every setting; its defaults are the baseline.
        metric: what runs are compared by.
        start: (config as plain values, run) -> the training's generator, or the values of a plain function.
        spaces: its own search spaces by name.
        prefix: whether a shorter training is what a longer one is until then.
        hooks: ``load_data``, ``check``, ``preview``, ``resolve_runtime``, ``describe``, as far as it has them.
        environment: variables for the processes that train.
        module: where it was found; None for a command.
        seeded: whether a run's seed reaches it: without, runs of a config are all alike, and no verdict is possible.
        script: what study.json keeps of a command.
    """

    name: str
    Config: ConfigClass
    metric: Metric
    start: Callable[[Mapping[str, Any], Any], Any]
    spaces: Mapping[str, Any] = field(default_factory=dict)
    prefix: bool = False
    hooks: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    module: ModuleType | None = None
    seeded: bool = True
    script: Any = None  # study.scripts.scripted.Script, which stands above this module

    def hook(self, name: str) -> Callable[..., Any] | None:
        """Return one of the optional functions; None where the trainable has none."""
        return self.hooks.get(name)


@dataclass(frozen=True)
class Declared:
    """What a decorated function was declared with: see study.declare."""

    function: Callable[..., Any]
    metric: Any
    options: Mapping[str, Any]


def load_trainable(name: str, sha256: str | None = None, mend: str = "") -> Trainable:
    """Load a trainable from ``package.module``, ``path/to/file.py`` or ``path/to/file.py:function``.

    ``sha256`` is what the file must be, compared before anything of it runs; ``mend`` ends that refusal. A file's
    folder is put on the import path first, as Python does for a script. Raises UserError where it is none.
    """
    if not is_in_file(name):
        return trainable_of(_from_name(name), name)
    file, function = file_and_name(name)
    path = file.expanduser()
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return trainable_of(execute(path, "trainable", sha256, mend), name, function)


def trainable_of(module: ModuleType, name: str, function: str = "") -> Trainable:
    """Return what a module declares: a decorated function, or Config, METRIC and train. Raises UserError."""
    where = f"trainable '{name}'"
    with foreign(where):
        declared = {n: v for n, v in vars(module).items() if isinstance(getattr(v, DECLARED, None), Declared)}
        own = {n: v for n, v in declared.items() if getattr(v, "__module__", module.__name__) == module.__name__}
        if function:
            if function not in declared:
                raise UserError(f"{where}: no function '{function}' with @trainable{nearest(function, declared)}")
            return of_function(getattr(declared[function], DECLARED), module, where)
        if len(own) == 1:
            return of_function(getattr(next(iter(own.values())), DECLARED), module, where)
        if own:
            raise UserError(f"{where} declares {len(own)} trainables: say which, {name}:{' or :'.join(own)}")
        return _from_module(module, where)


def of_function(declared: Declared, module: ModuleType, where: str) -> Trainable:
    """Return the trainable that a decorated function is. Raises UserError."""
    options, function = declared.options, declared.function
    spaces = dict(_mapping(options["spaces"], where, "spaces"))
    if options["space"] is not None:
        spaces = {"default": _mapping(options["space"], where, "space"), **spaces}
    seed = SEED in inspect.signature(function).parameters
    if options["config"] is None:
        config = from_signature(function, where, spaces)
    else:
        config, make = from_given(options["config"], where)

    def start(values: Mapping[str, Any], run: Any) -> Any:
        if options["config"] is not None:
            return function(make(values, run), run)
        whole = config(**values)  # an enum or a path is one again
        settings = {name: getattr(whole, name) for name in config.model_fields}
        return function(**settings, **({SEED: run.seed} if seed else {}), run=run)

    hooks = {} if options["data"] is None else {"load_data": options["data"]}
    name = (
        options["name"]
        or f"{function.__name__} ({Path(str(getattr(module, '__file__', None) or module.__name__)).name})"
    )
    return _checked(
        Trainable(name, config, declared.metric, start, spaces, options["prefix"], hooks, {}, module), where
    )


def _from_module(module: ModuleType, where: str) -> Trainable:
    missing = [member for member in ("Config", "METRIC", "train") if not hasattr(module, member)]
    if missing:
        old = "; 'fit' of an earlier version became 'train', see docs/trainable.md" if hasattr(module, "fit") else ""
        raise UserError(
            f"{where} has no function with @trainable, and as a module it lacks {', '.join(missing)}{old or ''}"
            f"{'' if old else '; docs/trainable.md begins with a short one'}"
        )
    config, make = from_given(module.Config, where)
    train = getattr(module.train, "train", module.train)  # a package's train.py hides its function of that name

    def start(values: Mapping[str, Any], run: Any) -> Any:
        return train(make(values, run), run)

    hooks = {name: getattr(module, name) for name in HOOKS if hasattr(module, name)}
    file = getattr(module, "__file__", None)
    name = getattr(module, "NAME", Path(file).stem if file else module.__name__)
    spaces = _mapping(getattr(module, "SPACES", None), where, "SPACES")
    environment = _mapping(getattr(module, "PROCESS_ENVIRONMENT", None), where, "PROCESS_ENVIRONMENT")
    prefix = getattr(module, "PREFIX", False)
    return _checked(Trainable(name, config, module.METRIC, start, spaces, prefix, hooks, environment, module), where)


def _mapping(value: Any, where: str, what: str) -> Mapping[str, Any]:
    if value is not None and not isinstance(value, Mapping):
        raise UserError(f"{where}: {what} is a {type(value).__name__}, not a dict")
    return value or {}


def _checked(found: Trainable, where: str) -> Trainable:
    for kept, rule in (
        (isinstance(found.name, str) and found.name.strip(), "its name is a text"),
        (isinstance(found.metric, Metric), "metric is a study.Metric, as Metric('val_loss', goal='min')"),
        (isinstance(found.prefix, bool), "prefix is True or False"),
        (all(callable(hook) for hook in found.hooks.values()), f"{', '.join(HOOKS)} are functions"),
    ):
        if not kept:
            raise UserError(f"{where}: {rule}")
    return found


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


def takes(function: Callable[..., Any], **offered: Any) -> dict[str, Any]:
    """Return those of ``offered`` that a function has a parameter for."""
    parameters = inspect.signature(function).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return offered
    return {name: value for name, value in offered.items() if name in parameters}


def as_numpy(images: Any) -> np.ndarray:
    """(n, 3, h, w) uint8 tensor or array -> (n, h, w, 3) uint8 array, as pictures are stored."""
    return np.ascontiguousarray(np.asarray(images).transpose(0, 2, 3, 1))

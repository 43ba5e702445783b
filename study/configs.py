"""A trainable's config, however it is declared -> the pydantic model by which every command checks it."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, create_model

from results.config import ConfigClass
from results.errors import UserError, named
from search_spaces.dimensions import Choice, Range

STRICT = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False, protected_namespaces=())
RUN = "run"


def from_signature(function: Callable[..., Any], where: str, spaces: Mapping[str, Any]) -> ConfigClass:
    """Return the Config of a decorated function: one field for each parameter but ``run``.

    Types come from annotations, else from the default; an int default that a space varies as a float is a float. Raises
    UserError for a parameter without a default, or one that a config cannot hold.
    """
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except Exception as error:  # noqa: BLE001 - names that an annotation mentions and nothing defines
        raise UserError(f"{where}: its annotations cannot be read: {named(error)}") from None
    parameters = inspect.signature(function).parameters
    if RUN not in parameters:
        raise UserError(f"{where}: {function.__name__} takes no 'run': def {function.__name__}(..., *, run)")
    fields: dict[str, Any] = {}
    for name, parameter in parameters.items():
        if name == RUN:
            continue
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise UserError(f"{where}: parameter '{parameter}' is no setting: name each, with a default")
        if parameter.default is parameter.empty:
            raise UserError(f"{where}: parameter '{name}' has no default: the defaults are the baseline")
        kind = hints.get(name, _type_of(parameter.default))
        if kind is int and type(parameter.default) is int and name not in hints and _is_float(name, spaces):
            kind = float
        fields[name] = (kind, parameter.default)
    return _made("Config", fields, where)


def from_class(config: Any, where: str) -> tuple[ConfigClass, Callable[[Mapping[str, Any]], Any]]:
    """Return the Config of a pydantic model or a dataclass, and what makes the trainable's own object of plain values."""
    if isinstance(config, type) and issubclass(config, BaseModel):
        return config, lambda values: config(**values)
    if isinstance(config, type) and dataclasses.is_dataclass(config):
        hints = typing.get_type_hints(config, include_extras=True)
        fields: dict[str, Any] = {}
        for f in dataclasses.fields(config):
            default = f.default_factory() if f.default_factory is not dataclasses.MISSING else f.default
            if default is dataclasses.MISSING:
                raise UserError(f"{where}: field '{f.name}' of Config has no default: the defaults are the baseline")
            fields[f.name] = (hints[f.name], default)
        made = _made(config.__name__, fields, where)
        return made, lambda values: config(**{n: getattr(made(**values), n) for n in fields})
    raise UserError(f"{where}: Config is a pydantic model or a dataclass")


def _made(name: str, fields: dict[str, Any], where: str) -> ConfigClass:
    try:
        made: ConfigClass = create_model(name, __config__=STRICT, **fields)
    except Exception as error:  # noqa: BLE001 - names and types that pydantic does not take
        raise UserError(f"{where}: its settings are no config: {named(error)}") from None
    return made


def _type_of(default: Any) -> Any:
    return Any if default is None else type(default)


def _is_float(name: str, spaces: Mapping[str, Any]) -> bool:
    """Whether any of the spaces varies a field as a float."""
    varied = [space[name] for space in spaces.values() if isinstance(space, Mapping) and name in space]
    return any(
        (isinstance(dimension, Range) and not dimension.whole)
        or (isinstance(dimension, Choice) and any(isinstance(value, float) for value in dimension.values))
        for dimension in varied
    )

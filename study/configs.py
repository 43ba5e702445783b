"""A trainable's config, however it is declared -> the pydantic model by which every command checks it."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import inspect
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from results.config import ConfigClass
from results.errors import UserError, named
from search_spaces.dimensions import Choice, Range

STRICT = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False, protected_namespaces=())
RUN, SEED = "run", "seed"
Make = Callable[[Mapping[str, Any], Any], Any]
"""Makes what a trainable calls its config of plain values and the run, whose seed a field 'seed' gets."""


def from_signature(function: Callable[..., Any], where: str, spaces: Mapping[str, Any]) -> ConfigClass:
    """Return the Config of a decorated function: one field for each parameter but ``run`` and ``seed``.

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
        if name in (RUN, SEED):
            continue
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise UserError(f"{where}: parameter '{parameter}' is no setting: name each, with a default")
        if parameter.default is parameter.empty:
            raise UserError(f"{where}: parameter '{name}' has no default: the defaults are the baseline")
        kind = hints.get(name, _type_of(parameter.default))
        if kind is int and type(parameter.default) is int and name not in hints and is_varied_as_float(name, spaces):
            kind = float
        fields[name] = (kind, parameter.default)
    return made("Config", fields, where)


def from_given(config: Any, where: str) -> tuple[ConfigClass, Make]:
    """Return the Config of what a trainable calls so, and what makes its own object of plain values.

    It is a pydantic model, a dataclass, an ``argparse`` parser, or a function that parses with one.
    """
    if isinstance(config, type) and issubclass(config, BaseModel):
        if SEED in config.model_fields:
            raise UserError(f"{where}: Config has a field 'seed', which is the run's: leave it out and use run.seed")
        return config, lambda values, run: config(**values)
    if isinstance(config, type) and dataclasses.is_dataclass(config):
        hints = typing.get_type_hints(config, include_extras=True)
        fields: dict[str, Any] = {}
        seeded = SEED in hints
        for f in (f for f in dataclasses.fields(config) if f.name != SEED):
            default = f.default_factory() if f.default_factory is not dataclasses.MISSING else f.default
            if default is dataclasses.MISSING:
                raise UserError(f"{where}: field '{f.name}' of Config has no default: the defaults are the baseline")
            fields[f.name] = (hints[f.name], default)
        model = made(config.__name__, fields, where)

        def make(values: Mapping[str, Any], run: Any) -> Any:
            checked = model(**values)
            own = {SEED: run.seed} if seeded else {}
            return config(**{n: getattr(checked, n) for n in fields}, **own)

        return model, make
    if isinstance(config, argparse.ArgumentParser) or (callable(config) and not isinstance(config, type)):
        if isinstance(config, argparse.ArgumentParser):
            return _from_parser(config, where, None)
        return _from_parser(_parser_of(config, where), where, config)
    raise UserError(
        f"{where}: its config is a pydantic model, a dataclass, an argparse parser, or a function that parses"
    )


def _parser_of(parse: Callable[[], Any], where: str) -> argparse.ArgumentParser:
    """Return the parser by which a function parses the command line, without parsing anything."""

    def seen(parser: argparse.ArgumentParser, namespace: Any) -> Any:
        raise _SeenError(parser)

    with _parsing(seen):
        try:
            found = parse()
        except _SeenError as error:
            found = error.args[0]
    if not isinstance(found, argparse.ArgumentParser):
        raise UserError(
            f"{where}: {getattr(parse, '__name__', 'config')} neither parses with argparse nor returns a parser"
        )
    return found


class _SeenError(BaseException):
    """Leaves a function at its parse_args; no ``except Exception`` of its own is to keep it."""


@contextlib.contextmanager
def _parsing(answer: Callable[[argparse.ArgumentParser, Any], Any]) -> Iterator[None]:
    """Have every parser answer so instead of reading the command line, meanwhile."""
    parser: Any = argparse.ArgumentParser
    before = parser.parse_known_args  # parse_args calls it, of subclasses too
    parser.parse_known_args = lambda self, args=None, namespace=None: (answer(self, namespace), [])
    try:
        yield
    finally:
        parser.parse_known_args = before


def _from_parser(
    parser: argparse.ArgumentParser, where: str, parse: Callable[[], Any] | None
) -> tuple[ConfigClass, Make]:
    """Return the Config of a parser: a field for each option with its default; ``--seed`` is the run's seed.

    ``parse``: the function that parses with it; what it does with the arguments afterwards it does for each run.
    """
    fields: dict[str, Any] = {}
    seeded = False
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction | argparse._VersionAction):
            continue
        if isinstance(action, argparse._SubParsersAction):
            raise UserError(f"{where}: its parser has subcommands: give config= the parser of one")
        seeded |= action.dest == SEED
        if action.dest == SEED:
            continue
        name = (action.option_strings or [action.dest])[-1]
        if action.default is argparse.SUPPRESS or (action.required and action.default is None):
            raise UserError(f"{where}: argument {name} has no default: the defaults are the baseline")
        default = parser._get_value(action, action.default) if isinstance(action.default, str) else action.default
        fields[action.dest] = (_argument_type(action, default), Field(default, description=action.help))
    model = made("Config", fields, where)

    def make(values: Mapping[str, Any], run: Any) -> Any:
        whole = model(**values)
        plain = {name: getattr(whole, name) for name in fields} | ({SEED: run.seed} if seeded else {})

        def parsed(asked: argparse.ArgumentParser, namespace: Any) -> Any:
            found = argparse.Namespace() if namespace is None else namespace
            for name, value in (asked._defaults | plain).items():
                setattr(found, name, value)
            return found

        if parse is None:
            return parsed(parser, None)
        with _parsing(parsed):
            found = parse()
        return parsed(parser, None) if isinstance(found, argparse.ArgumentParser) else found

    return model, make


FLAGS = (argparse._StoreTrueAction, argparse._StoreFalseAction, argparse.BooleanOptionalAction)


def _argument_type(action: argparse.Action, default: Any) -> Any:
    several = action.nargs not in (None, 0, "?") or isinstance(action, argparse._AppendAction)
    one = next(iter(default or [None]), None) if several else default
    kind: Any = action.type
    if action.choices:
        kind = Literal[tuple(action.choices)]
    elif isinstance(action, FLAGS):
        kind = bool
    elif kind is None:  # argparse then takes a text, and leaves the default as it is
        kind = str if one is None else type(one)
    elif kind not in (int, float, str, bool):  # a converter of the script's own
        convert = cast(Callable[[str], Any], kind)
        kind = Annotated[_type_of(one), BeforeValidator(lambda v: convert(v) if isinstance(v, str) else v)]
    kind = list[kind] if several else kind
    return kind | None if default is None else kind


def made(name: str, fields: dict[str, Any], where: str) -> ConfigClass:
    """Return a strict pydantic model of ``fields``: name -> (type, default). Raises UserError."""
    if hidden := next((field for field in fields if field.startswith("_")), None):
        raise UserError(f"{where}: its settings are no config: '{hidden}' begins with an underscore")
    try:
        model: ConfigClass = create_model(name, __config__=STRICT, **fields)
    except Exception as error:  # noqa: BLE001 - names and types that pydantic does not take
        raise UserError(f"{where}: its settings are no config: {named(error)}") from None
    return model


def _type_of(default: Any) -> Any:
    return Any if default is None else type(default)


def is_varied_as_float(name: str, spaces: Mapping[str, Any]) -> bool:
    """Whether any of the spaces varies a field as a float."""
    varied = [space[name] for space in spaces.values() if isinstance(space, Mapping) and name in space]
    return any(
        (isinstance(dimension, Range) and not dimension.whole)
        or (isinstance(dimension, Choice) and any(isinstance(value, float) for value in dimension.values))
        for dimension in varied
    )

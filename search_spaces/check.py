"""What a space must hold to be swept, checked against the trainable's config before anything starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution
from pydantic import ValidationError

from results.config import ConfigClass, build, known_fields
from results.errors import UserError, complaint
from search_spaces.dimensions import Choice, Range, same
from search_spaces.distributions import ends


def checked_dimensions(
    config_class: ConfigClass, space: Mapping[str, Any], base: Mapping[str, Any], where: str
) -> dict[str, BaseDistribution]:
    """Return the distribution of each field of a dict space. ``base`` is a complete config.

    Raises UserError where a field is unknown, a dimension is none, or the config refuses one of its values.
    """
    known_fields(config_class, space, where)
    found = {}
    for field, dimension in space.items():
        found[field] = _distribution(dimension, f"{where}: {field}")
        for value in _values_to_try(found[field]):
            _check_value(config_class, base, field, value, found[field], where)
    return found


def _distribution(dimension: Any, where: str) -> BaseDistribution:
    if isinstance(dimension, BaseDistribution):
        return dimension
    if not isinstance(dimension, Range | Choice):
        raise UserError(
            f"{where}: {dimension!r} is no dimension; use choice(...), integer(...), uniform(...) or log_float(...)"
        )
    try:
        return dimension.distribution()
    except ValueError as error:
        raise UserError(f"{where}: {error}") from None


def _values_to_try(distribution: BaseDistribution) -> Sequence[Any]:
    return distribution.choices if isinstance(distribution, CategoricalDistribution) else ends(distribution)


def _check_value(
    config_class: ConfigClass,
    base: Mapping[str, Any],
    field: str,
    value: Any,
    distribution: BaseDistribution,
    where: str,
) -> None:
    try:
        kept = build(config_class, {**base, field: value})[field]
    except ValidationError as error:
        named, rule, _ = complaint(error)
        if not named.startswith(field):
            return  # a rule over several fields: whether it holds depends on the others, which probing tries
        raise UserError(f"{where}: {field}={value!r} is not allowed by the config: {rule}") from None
    if not same(kept, value):
        raise UserError(f"{where}: {field}={value!r} becomes {kept!r} in the config; write it as {kept!r}")
    if isinstance(kept, int) and isinstance(value, float) and not isinstance(distribution, CategoricalDistribution):
        raise UserError(f"{where}: {field} takes whole numbers; use integer(...)")


def checked_distribution(name: str, old: BaseDistribution | None, new: BaseDistribution, where: str) -> None:
    """Raise UserError for a parameter that Optuna would refuse in the middle of a sweep."""
    if isinstance(new, CategoricalDistribution):
        for value in new.choices:
            if value is not None and not isinstance(value, bool | int | float | str):
                raise UserError(f"{where}: '{name}': {value!r} is no number, text, bool or None")
    if old is None or old == new:
        return
    if type(old) is not type(new) or isinstance(new, CategoricalDistribution):
        raise UserError(f"{where}: '{name}' is suggested from {old} and from {new}; give the two different names")
    if getattr(old, "log", None) != getattr(new, "log", None):
        raise UserError(f"{where}: '{name}' is suggested with log=True and log=False; give the two different names")

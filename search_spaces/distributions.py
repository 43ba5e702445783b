"""What the toolkit asks of Optuna's distributions, whichever way a dimension was written."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from search_spaces.dimensions import same, tidy


def suggest(trial: Any, name: str, distribution: BaseDistribution) -> Any:
    """Ask ``trial`` for a value of ``distribution`` under ``name``."""
    if isinstance(distribution, CategoricalDistribution):
        return trial.suggest_categorical(name, distribution.choices)
    if isinstance(distribution, IntDistribution):
        return trial.suggest_int(
            name, distribution.low, distribution.high, step=distribution.step, log=distribution.log
        )
    assert isinstance(distribution, FloatDistribution)
    return trial.suggest_float(name, distribution.low, distribution.high, step=distribution.step, log=distribution.log)


def member(distribution: BaseDistribution, value: Any) -> tuple[Any] | None:
    """Return ``value`` as the distribution would give it, in a tuple; None where it is not one of its values."""
    if isinstance(distribution, CategoricalDistribution):
        return next(((option,) for option in distribution.choices if same(option, value)), None)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    low, high = distribution.low, distribution.high
    if distribution.step is not None:  # a step's value may have been tidied, the ends too
        steps = (value - low) / distribution.step
        if abs(steps - round(steps)) > 1e-8:
            return None
        if round(steps) in (0, round((high - low) / distribution.step)):
            value = min(max(value, low), high)
    if not low <= value <= high:
        return None
    return (int(value),) if isinstance(distribution, IntDistribution) else (float(value),)


def count(distribution: BaseDistribution) -> int | None:
    """Return how many values a distribution has; None if it is continuous."""
    if isinstance(distribution, CategoricalDistribution):
        return len(distribution.choices)
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    if distribution.low == distribution.high:
        return 1
    if distribution.step is None:
        return None
    return int((distribution.high - distribution.low) / distribution.step + 1e-8) + 1


def values(distribution: BaseDistribution, limit: int) -> list[Any] | None:
    """List a distribution's values, lowest or first-named first; None if there are more than ``limit``."""
    number = count(distribution)
    if number is None or number > limit:
        return None
    if isinstance(distribution, CategoricalDistribution):
        return list(distribution.choices)
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    step = distribution.step or 0
    if isinstance(distribution, IntDistribution):
        return [distribution.low + k * step for k in range(number)]
    return [tidy(distribution.low + k * step) if k else distribution.low for k in range(number)]


def draw(distribution: BaseDistribution, rng: random.Random) -> Any:
    """Draw a value at random, as Optuna's random sampler would."""
    if isinstance(distribution, CategoricalDistribution):
        return rng.choice(distribution.choices)
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    low, high = distribution.low, distribution.high
    if distribution.log:
        value = min(max(math.exp(rng.uniform(math.log(low), math.log(high))), low), high)
        return round(value) if isinstance(distribution, IntDistribution) else value
    number = count(distribution)
    if number is None:
        return rng.uniform(low, high)
    if number == 1:
        return low
    value = low + rng.randrange(number) * (distribution.step or 0)
    return int(value) if isinstance(distribution, IntDistribution) else tidy(value)


def ends(distribution: BaseDistribution) -> tuple[Any, Any]:
    """Return the first and the last value."""
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[0], distribution.choices[-1]
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    return distribution.low, distribution.high


def describe(distribution: BaseDistribution) -> dict[str, Any]:
    """Return a distribution as JSON: ``{"choices": [...]}`` or ``{"low", "high", "log", "step"}``."""
    if isinstance(distribution, CategoricalDistribution):
        return {"choices": list(distribution.choices)}
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    return {"low": distribution.low, "high": distribution.high, "log": distribution.log, "step": distribution.step}


def union(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the description of what lies in either of two: the wider range, or the choices of both; None if mixed."""
    if ("choices" in one) != ("choices" in other):
        return None
    if "choices" in one:
        new = [c for c in other["choices"] if not any(same(c, d) for d in one["choices"])]
        return {"choices": [*one["choices"], *new]}
    return {
        "low": min(one["low"], other["low"]),
        "high": max(one["high"], other["high"]),
        "log": one["log"] and other["log"],
        "step": one["step"] if one["step"] == other["step"] else None,
    }

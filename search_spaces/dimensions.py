"""What one field may vary over. A dimension is checked when the space is loaded, where its field's name is known."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

Scalar = None | bool | int | float | str


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``, both included; see the constructors below."""

    low: float
    high: float
    log: bool = False
    step: float | None = None
    whole: bool = False

    def distribution(self) -> FloatDistribution | IntDistribution:
        """Return Optuna's form. Raises ValueError saying in a phrase what is wrong."""
        for name, value in (("low", self.low), ("high", self.high), ("step", self.step)):
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
                raise ValueError(f"{name}={value!r} is not a number")
            if value is not None and not math.isfinite(value):
                raise ValueError(f"{name}={value} is not finite")
            if value is not None and self.whole and value != int(value):
                raise ValueError(f"{name}={value} is not a whole number")
        if self.low > self.high:
            raise ValueError(f"low={self.low} is above high={self.high}")
        if self.log and self.low <= 0:
            raise ValueError(f"a log range starts above 0, not at low={self.low}")
        if self.step is not None and self.step <= 0:
            raise ValueError(f"step={self.step} is not above 0")
        low, high = self.low, self.high
        if self.step is not None:  # end on a step, as Optuna would, but without its warning
            low = tidy(low)
            high = tidy(low + math.floor((high - low) / self.step + 1e-9) * self.step)
        if self.whole:
            return IntDistribution(int(low), int(high), log=self.log, step=int(self.step or 1))
        return FloatDistribution(float(low), float(high), log=self.log, step=self.step)


@dataclass(frozen=True)
class Choice:
    """One of some values, in no order."""

    values: tuple[Scalar, ...]

    def distribution(self) -> CategoricalDistribution:
        """Return Optuna's form. Raises ValueError saying in a phrase what is wrong."""
        if not self.values:
            raise ValueError("no value to choose from")
        for index, value in enumerate(self.values):
            if value is not None and not isinstance(value, bool | int | float | str):
                raise ValueError(f"{value!r} is no number, text, bool or None")
            if any(same(value, earlier) for earlier in self.values[:index]):
                raise ValueError(f"{value!r} is listed twice")
        return CategoricalDistribution(self.values)


def uniform(low: float, high: float, step: float | None = None) -> Range:
    """Real numbers from ``low`` to ``high``; with ``step`` only ``low``, ``low + step``, ..."""
    return Range(low, high, step=step)


def log_float(low: float, high: float) -> Range:
    """Real numbers from ``low`` to ``high``, each factor of ten as likely as another; ``low`` above 0."""
    return Range(low, high, log=True)


def integer(low: int, high: int, step: int = 1) -> Range:
    """Whole numbers ``low``, ``low + step``, ... up to ``high``."""
    return Range(low, high, step=step, whole=True)


def log_integer(low: int, high: int) -> Range:
    """Whole numbers from ``low`` to ``high``, each factor of ten as likely as another; ``low`` at least 1."""
    return Range(low, high, log=True, whole=True)


def choice(*values: Scalar) -> Choice:
    """One of ``values``: numbers, texts, bools or None."""
    return Choice(values)


# -- what the toolkit asks of Optuna's distributions, whichever way they were written -------------------------------


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


def same(one: Any, other: Any) -> bool:
    """Whether two config values are the same: 1 and 1.0 are, 1 and True are not."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def tidy(value: float) -> float:
    """Undo the rounding error of ``low + k * step``: 0.15000000000000002 is the 0.15 a person writes."""
    return round(value, 12)


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

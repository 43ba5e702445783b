"""What one field may vary over. A dimension is checked when the space is loaded, where its field's name is known.

Optuna loads when one is checked: a trainable that names its spaces trains in processes that do without.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

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
        from optuna.distributions import FloatDistribution, IntDistribution  # noqa: PLC0415 - 65 ms in every process that trains

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
        from optuna.distributions import CategoricalDistribution  # noqa: PLC0415 - 65 ms in every process that trains

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


def same(one: Any, other: Any) -> bool:
    """Whether two config values are the same: 1 and 1.0 are, 1 and True are not."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def tidy(value: float) -> float:
    """Undo the rounding error of ``low + k * step``: 0.15000000000000002 is the 0.15 a person writes."""
    return round(value, 12)

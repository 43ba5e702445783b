"""The metric that a study is about: which value, which way is better, by what an epoch is selected, how it is written.

Inside the toolkit every number of a metric is a *score*: its value, negated where less is better. More is better
always, so ranking, pruning and tests know one direction; a difference of scores is a *gain*. Only :class:`Metric`
turns them back into what a reader sees: a gain of RMSE is a negative difference.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from results.errors import UserError, nearest, shown
from results.formatting import MISSING, missing, percent, points, sign, significant
from results.names import is_accuracy, is_name, label_of

Goal = Literal["max", "min"]
GOALS: tuple[Goal, ...] = ("max", "min")
LARGEST = 1e100
"""What a value may be, and a margin: squares and sums of larger ones leave the floats. To a training it is infinite."""
UNREADABLE = 1e15  # from here on a number is written with a power of ten


@dataclass(frozen=True)
class Metric:
    """One number by which runs are compared.

    Args:
        name: of the validation value that a training reports, e.g. ``val_accuracy``.
        goal: ``max`` or ``min``.
        unit: ``%`` for fractions in 0..1, which are shown as percent and differ by percentage points, as of what is
            called an accuracy; any other is written behind the number; empty where it has none.
        margin: the least difference worth having, in the values' own scale (0.005 is half a percentage point). Without
            one nothing is ever called equivalent.
        test: name of the same value on the test set. Without one, verdicts are about validation.
        select: the rule for the epoch that speaks for a run: ``NAME:min``, ``NAME:max`` or ``last``; by default the
            epoch at which the metric is best. The first of equals.

    Raises UserError for what is none of this.
    """

    name: str
    goal: Goal = "max"
    unit: str = ""
    margin: float | None = None
    test: str | None = None
    select: str | None = None

    def __post_init__(self) -> None:
        for what, value in (("name", self.name), ("test", self.test)):
            if value is not None and not is_name(value):
                raise UserError(f"Metric: {what} is {shown(value)}, not a name such as 'val_loss'")
        if self.unit == "" and is_accuracy(self.name):
            object.__setattr__(self, "unit", "%")  # frozen; an accuracy is a fraction, whoever forgets to say so
        if self.goal not in GOALS:
            raise UserError(f"Metric {self.name}: goal is {shown(self.goal)}{nearest(str(self.goal), GOALS)}")
        if not isinstance(self.unit, str) or len(self.unit) > 20 or not (self.unit + " ").isprintable():
            raise UserError(f"Metric {self.name}: unit is {shown(self.unit)}, not a short text such as '%' or 'ms'")
        margin = self.margin
        if margin is not None and not (_is_number(margin) and 0 < margin <= LARGEST):
            raise UserError(f"Metric {self.name}: margin is {shown(margin)}, not a number above 0, at most {LARGEST:g}")
        if margin is not None and self.unit == "%" and margin >= 1:
            raise UserError(
                f"Metric {self.name}: margin is {margin:g}, but values with unit '%' are fractions: half a percentage "
                "point is 0.005"
            )
        if self.test == self.name:
            raise UserError(f"Metric {self.name}: test is the same value: leave it out where there is no test set")
        self.selects  # noqa: B018 - raises for a rule that is none

    # -- arithmetic ------------------------------------------------------------------------------------------------

    def score(self, value: float | None) -> float | None:
        """Turn a value into a score, or a score back into its value: negated where less is better."""
        return None if value is None else float(value) if self.goal == "max" else -float(value)

    @property
    def tag(self) -> dict[str, Any]:
        """What each record keeps of it; the margin is the study's."""
        return {"name": self.name, "goal": self.goal, "unit": self.unit, "test": self.test, "select": self.select}

    @property
    def is_accuracy(self) -> bool:
        """Whether it is the share of examples that are classified correctly, as predictions can tell."""
        return is_accuracy(self.name) and self.goal == "max"

    def is_fraction(self, name: str) -> bool:
        """Whether a value lies within 0..1: its own if the unit is %, and accuracies, unless its own is another."""
        if self.is_accuracy or name in (self.name, self.test):
            return self.unit == "%" and (name in (self.name, self.test) or is_accuracy(name))
        return is_accuracy(name)

    @property
    def selects(self) -> tuple[str, Goal | Literal["last"]]:
        """The value by which the epoch is selected, and whether the lowest, the highest or the last one counts."""
        if self.select is None:
            return self.name, self.goal
        if self.select == "last":
            return self.name, "last"
        name, _, goal = str(self.select).rpartition(":")
        for known in GOALS:
            if goal == known and is_name(name):
                return name, known
        rules = "'last', 'NAME:min' or 'NAME:max'"
        raise UserError(f"Metric {self.name}: select is {shown(self.select)}, not {rules}")

    @property
    def measured(self) -> Literal["test", "validation"]:
        """What verdicts are about: the test value, or without one the validation value."""
        return "validation" if self.test is None else "test"

    # -- words -----------------------------------------------------------------------------------------------------

    @property
    def label(self) -> str:
        """Its name without the split, as one writes it: 'accuracy' of 'val_acc', 'RMSE' of 'val_rmse'."""
        return label_of(self.name)

    def what(self, split: str | None = None) -> str:
        """Name it on ``test`` or ``validation``; what verdicts are about by default: 'test accuracy'."""
        return f"{split or self.measured} {self.label}"

    @property
    def better(self) -> str:
        """'higher' or 'lower'."""
        return "higher" if self.goal == "max" else "lower"

    @property
    def worse(self) -> str:
        """The other of the two."""
        return "lower" if self.goal == "max" else "higher"

    @property
    def difference_unit(self) -> str:
        """What differences are in: 'percentage points', the unit, or nothing."""
        return "percentage points" if self.unit == "%" else self.unit

    @property
    def short_unit(self) -> str:
        """The same at a later mention: 'points'."""
        return "points" if self.unit == "%" else self.unit

    # -- numbers ---------------------------------------------------------------------------------------------------

    @property
    def scale(self) -> float:
        """By what a gain is multiplied to become the difference that is shown."""
        return (100.0 if self.unit == "%" else 1.0) * (1 if self.goal == "max" else -1)

    @property
    def largest(self) -> float:
        """The largest gain there can be: 1 of shares; infinite where that is not known."""
        return 1.0 if self.unit == "%" or self.is_accuracy else math.inf

    @property
    def digits(self) -> int | None:
        """Digits behind the point: two of a percentage, else as many as show the margin in two digits."""
        if self.unit == "%":
            return 2
        return None if self.margin is None else max(0, min(10, 1 - math.floor(math.log10(self.margin))))

    def text(self, score: float | None, digits: int | None = None) -> str:
        """Write a score as its value with its unit: '76.48 %', '0.532 mpg', '1.234'."""
        if missing(score):
            return MISSING
        value = self.score(score)
        assert value is not None
        if self.unit == "%":
            return percent(value, 2 if digits is None else digits)
        digits = self.digits if digits is None else digits
        written = significant(value, 4) if digits is None or abs(value) >= UNREADABLE else f"{value:.{digits}f}"
        return f"{written} {self.unit}" if self.unit else written

    def bare(self, score: float | None) -> str:
        """Write a score as its value without the unit, for a column whose head has it: '76.48', '0.532'."""
        return self.text(score).removesuffix(self.unit).rstrip()

    def tick(self, value: float) -> str:
        """Write a value, as it is, at an axis: '76 %', '0.532'."""
        return f"{100 * value:g} %" if self.unit == "%" else f"{value:g}"

    def end(self, value: float) -> str:
        """Write the end of a small axis, short: '76 %', '0.53'."""
        return percent(value, 0) if self.unit == "%" else f"{value:.3g}"

    def axis(self, words: str) -> str:
        """Name an axis of values, with the unit unless each tick has it: 'validation rmse, mpg'."""
        return words if self.unit in ("", "%") else f"{words}, {self.unit}"

    def axis_of_difference(self, words: str) -> str:
        """Name an axis or a column of differences: 'difference, percentage points'."""
        return f"{words}, {self.difference_unit}" if self.difference_unit else words

    def difference(self, gain: float | None, signed: bool = True, digits: int | None = None) -> str:
        """Write a gain as a difference of values, without its unit: '+1.90'; of RMSE a gain is '-0.12'.

        With ``signed=False`` its size. ``digits`` behind the point, where they are not the metric's.
        """
        if missing(gain):
            return MISSING
        assert gain is not None
        digits = self.digits if digits is None else digits
        value = self.scale * gain
        if self.unit == "%":
            return points(value / 100 if signed else abs(gain), 2 if digits is None else digits, signed=signed)
        if digits is None or abs(value) >= UNREADABLE:
            written = significant(abs(value), 3)
            zero = not written.strip("0.,")
            return written if not signed or zero else f"{'+' if value > 0 else '-'}{written}"
        return sign(value, digits) if signed else f"{abs(value):.{digits}f}"

    def with_unit(self, gain: float | None, signed: bool = True, short: bool = False) -> str:
        """Write a gain with the unit of differences: '+1.90 percentage points', '-0.12 mpg'."""
        unit = self.short_unit if short else self.difference_unit
        return f"{self.difference(gain, signed)} {unit}".rstrip()

    def amount(self, gain: float, short: bool = False) -> str:
        """Write the size of a gain as one says it: 'one percentage point', 'one point'; else '0.24 mpg'."""
        if self.unit == "%" and self.difference(gain, signed=False) == "1.00":
            return f"one {'point' if short else 'percentage point'}"
        return self.with_unit(gain, signed=False, short=short)

    def interval(self, low: float, high: float) -> tuple[str, str]:
        """Write the ends of an interval of gains as differences, the lesser first."""
        ends = (low, high) if self.goal == "max" else (high, low)
        first, last = (self.difference(end) if math.isfinite(end) else MISSING for end in ends)
        return first, last


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

"""Which epoch speaks for a training: the one place of that rule."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar

from results.metric import Metric


class Measured(Protocol):
    """An epoch of a training or of a record, as far as choosing between epochs goes."""

    @property
    def epoch(self) -> int:
        """Its number, from 1."""

    @property
    def values(self) -> Mapping[str, float | None]:
        """What was measured, by name; None in a record where it was not finite."""


E = TypeVar("E", bound=Measured)


class Selecting:
    """Goes through the epochs of a training and knows which one speaks for it so far: never one that is not finite."""

    def __init__(self, metric: Metric) -> None:
        self._name, self._rule = metric.selects
        self._metric = metric.name
        self._least = math.inf
        self.epoch: int | None = None

    def add(self, row: Measured) -> bool:
        """Take note of the next epoch; return whether it is the selected one now."""
        value = row.values.get(self._name)
        if value is None or not math.isfinite(value) or row.values.get(self._metric) is None:
            return False
        key = {"min": value, "max": -value, "last": -row.epoch}[self._rule]
        if self.epoch is not None and not key < self._least:
            return False
        self.epoch, self._least = row.epoch, key
        return True


def selected(history: Iterable[E], metric: Metric) -> E | None:
    """Return the epoch that speaks for a training by the metric's rule, the first of equals; None for none."""
    choice, best = Selecting(metric), None
    for row in history:
        if choice.add(row):
            best = row
    return best


def best_so_far(history: Iterable[Measured], metric: Metric) -> list[float]:
    """Return after each epoch the score at the epoch :func:`selected` so far; NaN before there is one.

    This is the objective of a sweep.
    """
    choice, score, found = Selecting(metric), math.nan, []
    for row in history:
        if choice.add(row):
            score = metric.score(row.values[metric.name]) or 0.0
        found.append(score)
    return found

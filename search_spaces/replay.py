"""Run a space's function on answers of our own: to probe it, to list its configs, to find the way to a given one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from search_spaces.dimensions import tidy

SpaceFunction = Callable[[Any], Any]
Candidates = Callable[[str, BaseDistribution], list[Any]]
"""From a parameter's name and distribution to the values to try, in order."""


class TooMany(Exception):
    """The walk was given up: more branches than its limit."""


class Unanswered(BaseException):
    """A script has no answer yet. Not an Exception: a user's ``except Exception`` must not swallow it."""

    def __init__(self, name: str, distribution: BaseDistribution) -> None:
        super().__init__(name)
        self.name, self.distribution = name, distribution


class Script:
    """A trial that answers ``suggest_*`` from a table, remembers what it was asked, and raises Unanswered elsewhere."""

    number = 0

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self._answers = answers
        self.params: dict[str, Any] = {}
        self.distributions: dict[str, BaseDistribution] = {}

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False) -> Any:
        """As Optuna's."""
        return self._answer(name, FloatDistribution(low, high, step=step, log=log))

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> Any:
        """As Optuna's."""
        return self._answer(name, IntDistribution(low, high, step=step, log=log))

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        """As Optuna's."""
        return self._answer(name, CategoricalDistribution(choices))

    def set_user_attr(self, key: str, value: Any) -> None:
        """Accept and forget a note."""

    def _answer(self, name: str, distribution: BaseDistribution) -> Any:
        if name in self.params:  # as in Optuna, a second question of the same name gets the first answer
            return self.params[name]
        if name not in self._answers:
            raise Unanswered(name, distribution)
        self.distributions[name] = distribution
        self.params[name] = self._answers[name]
        return self.params[name]


class Fixed:
    """A trial in which a fixed name has one answer and is no parameter; rounding errors of steps are undone."""

    def __init__(self, trial: Any, fixed: Mapping[str, Any]) -> None:
        self._trial, self._fixed = trial, fixed

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False) -> Any:
        """As Optuna's, but for a fixed name."""
        if name in self._fixed:
            return self._fixed[name]
        value = self._trial.suggest_float(name, low, high, step=step, log=log)
        return value if step is None else tidy(value)

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> Any:
        """As Optuna's, but for a fixed name."""
        return (
            self._fixed[name] if name in self._fixed else self._trial.suggest_int(name, low, high, step=step, log=log)
        )

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        """As Optuna's, but for a fixed name."""
        return self._fixed[name] if name in self._fixed else self._trial.suggest_categorical(name, choices)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._trial, name)


@dataclass(frozen=True)
class Way:
    """One way through a space's function: what was suggested, from what, and what came of it."""

    params: dict[str, Any]
    distributions: dict[str, BaseDistribution]
    result: Any


def walk(function: SpaceFunction, candidates: Candidates, limit: int) -> Iterator[Way]:
    """Yield every way through ``function`` that the candidates open, depth first.

    Raises TooMany when more than ``limit`` calls would be made, and whatever ``function`` raises.
    """
    waiting: list[dict[str, Any]] = [{}]
    calls = 0
    while waiting:
        calls += 1
        if calls > limit:
            raise TooMany
        answers = waiting.pop()
        script = Script(answers)
        try:
            result = function(script)
        except Unanswered as question:
            options = candidates(question.name, question.distribution)
            waiting.extend({**answers, question.name: option} for option in reversed(options))
            continue
        yield Way(script.params, script.distributions, result)

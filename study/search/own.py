"""A sampler of the user's, from a file: what ``--sampler path.py:NAME`` leads to, and a watch on what it does."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, GridSampler
from optuna.trial import FrozenTrial, TrialState

from results.code import file_and_name, from_file
from results.errors import UserError, foreign, named, shown
from search_spaces import distributions


@dataclass(frozen=True)
class OwnSampler:
    """What a file has under a name. ``definition``: a function or class that takes ``seed``, or a sampler."""

    name: str  # path.py:NAME, as asked for
    definition: Any
    sha256: str  # of the file
    file: str  # its place, as tracebacks have it

    @property
    def seeded(self) -> bool:
        """Whether it is made anew from a seed; a ready one is as its file made it."""
        return not isinstance(self.definition, BaseSampler)

    def make(self, seed: int) -> BaseSampler:
        """Return a sampler whose errors name it. Raises UserError where it is none, or cannot be made."""
        what, file = f"sampler '{self.name}'", self.file
        if not self.seeded:  # a copy, for it is tried before it is used
            try:
                return Watched(copy.deepcopy(self.definition), what, file)
            except Exception as error:
                raise UserError(
                    f"{what} is a ready one that cannot be copied ({named(error)}): give a function of 'seed' that "
                    "makes it"
                ) from error
        with foreign(what, file):
            try:
                inspect.signature(self.definition).bind(seed=seed)
            except TypeError as error:
                raise UserError(
                    f"{what} cannot be called with seed=... alone: {error}; give a function of 'seed' that makes it"
                ) from None
            made = self.definition(seed=seed)
        if not isinstance(made, BaseSampler):
            raise UserError(f"{what} gives {shown(made)}, which is no Optuna sampler")
        return Watched(made, what, file)


def load_sampler(name: str, sha256: str | None = None) -> OwnSampler:
    """Return the sampler of ``path.py:NAME``. ``sha256`` is what the file must be, compared before it runs.

    Raises UserError for a file that does not run and a name that it does not have. Nothing is made yet.
    """
    definition, sha256 = from_file(name, "sampler", _samplers_in, sha256)
    return OwnSampler(name, definition, sha256, str(file_and_name(name)[0].resolve()))


def _samplers_in(module: ModuleType) -> dict[str, Callable[..., Any] | BaseSampler]:
    """Return a file's names that can be a sampler or make one, imported ones as well; of classes only samplers."""
    found: dict[str, Callable[..., Any] | BaseSampler] = {}
    for name, value in vars(module).items():
        if isinstance(value, type):
            fits = issubclass(value, BaseSampler) and value is not BaseSampler
        else:
            fits = callable(value) or isinstance(value, BaseSampler)
        if fits and not name.startswith("_"):
            found[name] = value
    return found


class Watched(BaseSampler):
    """Passes everything on. What the sampler raises is told as its own, and what it proposes is of the space."""

    def __init__(self, sampler: BaseSampler, what: str, file: str) -> None:
        self._sampler, self._what, self._file = sampler, what, file

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Pass on."""
        with foreign(self._what, self._file):
            return self._sampler.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Pass on; numpy's numbers become Python's. Optuna itself asks again for what a distribution does not hold."""
        with foreign(self._what, self._file):
            found = self._sampler.sample_relative(study, trial, search_space)
            return {name: _plain(value) for name, value in found.items()}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Pass on; refuse what the space does not hold, which Optuna would take."""
        with foreign(self._what, self._file):
            value = _plain(self._sampler.sample_independent(study, trial, param_name, param_distribution))
        match = distributions.member(param_distribution, value)
        if match is None:
            raise UserError(f"{self._what} proposes {param_name}={shown(value)}, and the space has no such value")
        return match[0]

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Pass on."""
        with foreign(self._what, self._file):
            self._sampler.before_trial(study, trial)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        """Pass on, but no given config to a grid's sampler, which takes each trial for a point of its own."""
        if isinstance(self._sampler, GridSampler) and "fixed_params" in trial.system_attrs:
            return
        with foreign(self._what, self._file):
            self._sampler.after_trial(study, trial, state, values)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value

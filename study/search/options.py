"""What a sweep is: how many trials, who proposes them, and when they are stopped."""

from __future__ import annotations

from dataclasses import dataclass

from results.code import is_in_file
from results.errors import UserError, nearest
from study.limits import FACTOR, GRACE, SEED, TRIALS
from study.search.own import OwnSampler
from study.search.sampler import SAMPLERS

SCHEDULERS = ("asha", "none")


@dataclass(frozen=True)
class SweepOptions:
    """What a sweep is. ``factor`` and ``grace`` are successive halving's, unused with scheduler 'none'."""

    trials: int = 50
    seed: int = 504
    sampler: str | OwnSampler = "tpe"  # a name of SAMPLERS, or ``path.py:NAME``, or what that led to
    scheduler: str = "asha"
    factor: float = 3
    grace: int = 1  # the grace period, in epochs

    def check(self) -> None:
        """Raise UserError for what makes no sense, whether a command line or study.json says it."""
        for option, bounds, value in (
            ("--trials", TRIALS, self.trials),
            ("--seed", SEED, self.seed),
            ("--reduction-factor", FACTOR, self.factor),
            ("--grace", GRACE, self.grace),
        ):
            if complaint := bounds.complaint(value):
                raise UserError(f"{option}: {complaint}")
        if self.scheduler not in SCHEDULERS:
            raise UserError(f"unknown scheduler '{self.scheduler}'{nearest(str(self.scheduler), SCHEDULERS)}")
        name = self.sampler_name
        if not isinstance(name, str) or (name not in SAMPLERS and not is_in_file(name)):
            raise UserError(f"unknown sampler '{name}'{nearest(str(name), SAMPLERS)}; or path.py:NAME")

    @property
    def sampler_name(self) -> str:
        """The sampler as it was asked for."""
        return self.sampler.name if isinstance(self.sampler, OwnSampler) else self.sampler

"""What a sweep is: how many trials, who proposes them, and when they are stopped."""

from __future__ import annotations

from dataclasses import dataclass

from results.errors import UserError, nearest
from study.limits import FACTOR, GRACE, SEED, TRIALS
from study.search.sampler import SAMPLERS

SCHEDULERS = ("asha", "none")


@dataclass(frozen=True)
class SweepOptions:
    """What a sweep is. ``factor`` and ``grace`` are successive halving's, unused with scheduler 'none'."""

    trials: int = 50
    seed: int = 504
    sampler: str = "tpe"
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
        for what, valid, name in (("sampler", SAMPLERS, self.sampler), ("scheduler", SCHEDULERS, self.scheduler)):
            if name not in valid:
                raise UserError(f"unknown {what} '{name}'{nearest(str(name), valid)}")

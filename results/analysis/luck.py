"""Luck: how often a sweep of unchanged configs would show as much as this one did. Pure functions of numbers.

chance_of_luck(lead, tried, seeds)   that the best of ``tried`` lies ``lead`` deviations above the baseline's mean
lead_by_luck(chance, tried, seeds)   its inverse: the lead that such sweeps reach in just that share of cases
Luck.of(lead, sd, tried, seeds)      both of one study, and in words

Take the baseline's n scores, with mean m and standard deviation s, and K trials for independent draws of one normal
distribution: no config differs from the baseline. Then the best trial leads m by at least q s with the probability

    P(max Z_k - M >= q S) = E[1 - F(q S + M)^K],   M ~ N(0, 1/n),   (n - 1) S^2 ~ chi-square, n - 1 degrees of freedom

whatever the true mean and deviation are: both are known from n seeds only, and that is in it. F is the normal
distribution's. For K = 1 this is Student's prediction interval; in general the one-sided p value of Dunnett (1955,
JASA 50, 1096-1121) with one observation in each of K treatments and n in the control, hence the prediction limit for K
future observations of Hahn (1970, JASA 65, 1668-1676). By quadrature; no simulation.

Trials of one seed share a split of the data, and the best of draws with a part in common is less far out; a pruned
trial counts as if it had had the same chance to come first: both make luck out to be more frequent than it is. Noise
with outliers on the better side makes it more frequent than this says (python -m benchmarks.luck has rates).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats as st
from scipy.optimize import brentq
from scipy.special import log_ndtr

from results.formatting import plural

RARE = 20  # in one of so many sweeps of unchanged configs luck alone reaches what is shown beside a chance

_MEANS, _OF_MEANS = np.polynomial.hermite_e.hermegauss(80)
_OF_MEANS = _OF_MEANS / _OF_MEANS.sum()


def chance_of_luck(lead: float, tried: int, seeds: int, freedom: float | None = None) -> float:
    """Return how often the best of ``tried`` unchanged configs leads the baseline's mean by at least ``lead``.

    ``lead`` is in standard deviations as measured over ``seeds``. ``freedom``: of that standard deviation, where it is
    not seeds - 1; infinite where it is known.
    """
    freedom = seeds - 1 if freedom is None else freedom
    if tried < 1 or seeds < 1 or freedom < 1:
        raise ValueError(f"no chance of luck with {tried} tried, {seeds} seeds and {freedom} degrees of freedom")
    deviations, weights = _deviations(freedom)
    least = lead * deviations[:, None] + _MEANS / math.sqrt(seeds)
    reached = -np.expm1(tried * log_ndtr(least))  # 1 - F^K, exact where it is small
    return float(min(1.0, weights @ reached @ _OF_MEANS))


def lead_by_luck(chance: float, tried: int, seeds: int, freedom: float | None = None) -> float:
    """Return the lead in standard deviations that ``tried`` unchanged configs reach with probability ``chance``."""
    freedom = seeds - 1 if freedom is None else freedom
    wide = math.sqrt(1 + 1 / seeds)
    one, all_apart = (wide * float(st.t.isf(p, freedom)) for p in (chance, chance / tried))  # K = 1, and Bonferroni's
    found = brentq(lambda q: chance_of_luck(q, tried, seeds, freedom) - chance, one - 1, all_apart + 1)
    return float(found)


def _deviations(freedom: float) -> tuple[np.ndarray, np.ndarray]:
    """Return what S may be, and the weight of each: trapezoids in log S, where its density is smooth and falls off."""
    if math.isinf(freedom):
        return np.ones(1), np.ones(1)
    ends = (math.log(st.chi2.ppf(1e-15, freedom) / freedom), math.log(st.chi2.isf(1e-15, freedom) / freedom))
    log = np.linspace(*ends, 400) / 2
    density = freedom * (log - np.exp(2 * log) / 2)
    weights = np.exp(density - density.max())
    return np.exp(log), weights / weights.sum()


@dataclass(frozen=True)
class Luck:
    """What a sweep's best would owe to luck alone, were all configs equal to the baseline. Gains.

    ``lead``: of the best trial over the baseline's mean over ``seeds``; ``chance``: how often the best of ``tried``
    unchanged configs leads by as much; ``rare``: the lead that luck alone reaches in one of RARE such sweeps.
    """

    lead: float
    chance: float
    rare: float
    tried: int
    seeds: int

    @staticmethod
    def of(lead: float, sd: float, tried: int, seeds: int) -> Luck:
        """Work it out. ``sd``: the baseline's over ``seeds``, above 0."""
        rare = sd * lead_by_luck(1 / RARE, tried, seeds)
        return Luck(lead, chance_of_luck(lead / sd, tried, seeds), rare, tried, seeds)

    @property
    def sweeps(self) -> str:
        """Say of what sweeps the chance is: 'sweeps of 49 unchanged configs'."""
        return f"sweeps of {plural(self.tried, 'unchanged config')}"

    @property
    def words(self) -> str:
        """Say the chance: 'about 9 in 100 sweeps of 49 unchanged configs would show as much by luck alone'."""
        return f"{in_words(self.chance)} {self.sweeps} would show as much by luck alone"


def in_words(chance: float) -> str:
    """Write a chance as one says it: 'about 9 in 100', 'about 4 in 1,000', 'fewer than 1 in 1,000'."""
    if chance < 0.001:
        return "fewer than 1 in 1,000"
    if chance < 0.0095:
        return f"about {round(1000 * chance)} in 1,000"
    return f"about {round(100 * chance)} in 100" if chance < 0.995 else "more than 99 in 100"

"""Where a difference shows: in which classes, and at which test examples. Pure; no I/O.

    class_changes(candidate, baseline)     the pairs' test confusion matrices -> ClassChanges
    single_change(mine, its, noise)        one run against one; the noise is class_noise(the baseline's matrices)
    moved(candidate, baseline)             which test examples each run of the pairs got right -> Moved
    churn(runs)                            at how many examples two runs of one config differ

A class's interval is that of a paired t over seeds at 1 - 0.05 / classes (Bonferroni): all of them hold together in
95 % of cases. Šidák's are hardly narrower, and Holm's procedure gives none. A maximum over sign flips, which would use
that classes move together, has 2 ** (n - 1) outcomes: at six seeds its least p is 0.03.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import stats as st

from results.analysis.paired import CONFIDENCE, MIN_SEEDS, rounding_sd


@dataclass(frozen=True)
class ClassChanges:
    """Recall of each class, candidate minus baseline, as fractions over ``n`` pairs of runs.

    ``support``: the class's test examples; of one without any all is 0. ``half``: half the width of each interval;
    None where nothing is known of the noise. ``step``: the mean of the confusion matrices' differences.
    """

    n: int
    support: np.ndarray  # (classes,) int
    before: np.ndarray  # (classes,) mean recall of the baseline
    after: np.ndarray
    half: np.ndarray | None
    step: np.ndarray  # (classes, classes)

    @property
    def change(self) -> np.ndarray:
        """(classes,) mean change of recall."""
        return np.asarray(self.after - self.before)

    @property
    def level(self) -> float:
        """The confidence of each interval by itself, at which all of them together have CONFIDENCE."""
        return 1 - (1 - CONFIDENCE) / max(1, len(self.order))

    @cached_property
    def order(self) -> list[int]:
        """Classes with test examples, the most gained first."""
        return [int(i) for i in np.argsort(-self.change, kind="stable") if self.support[i]]

    @property
    def outside(self) -> list[int]:
        """Those whose interval excludes 0, the most changed first."""
        if self.half is None:
            return []
        known = [i for i in self.order if abs(self.change[i]) > self.half[i]]
        return sorted(known, key=lambda i: -abs(self.change[i]))

    def measurable(self, index: int) -> bool:
        """Whether a class's interval is one: no recall changes by more than 1."""
        return self.half is not None and float(self.half[index]) < 1


def recalls(matrices: np.ndarray) -> np.ndarray:
    """(..., classes, classes) counts -> (..., classes) share of each row on the diagonal; 0 without examples."""
    right, support = np.diagonal(matrices, axis1=-2, axis2=-1), matrices.sum(axis=-1)
    return np.asarray(np.divide(right, support, out=np.zeros(right.shape), where=support > 0))


def class_changes(candidate: Sequence[np.ndarray], baseline: Sequence[np.ndarray]) -> ClassChanges | None:
    """Return the changes over pairs of runs by their (classes, classes) test matrices, seed by seed.

    None below two pairs. There are no intervals below MIN_SEEDS.
    """
    n = len(baseline)
    if n < 2:
        return None
    after, before = np.array(candidate), np.array(baseline)
    support = before[0].sum(axis=1)
    half = _half(recalls(after) - recalls(before), support)
    means = recalls(before).mean(axis=0), recalls(after).mean(axis=0)
    return ClassChanges(
        n, support, *means, None if half is None else half / math.sqrt(n), (after - before).mean(axis=0)
    )


def single_change(mine: np.ndarray, its: np.ndarray, noise: np.ndarray | None) -> ClassChanges:
    """Return the changes of one run against one; ``noise`` is what :func:`class_noise` says of the baseline's runs."""
    return ClassChanges(1, its.sum(axis=1), recalls(its), recalls(mine), noise, mine - its)


def class_noise(baselines: Sequence[np.ndarray]) -> np.ndarray | None:
    """(classes,) how far a class's recall may differ between two runs of the baseline, at 95 % over all classes.

    None below MIN_SEEDS runs.
    """
    if not len(baselines):
        return None
    half = _half(recalls(np.array(baselines)), baselines[0].sum(axis=1) * math.sqrt(2))
    return None if half is None else half * math.sqrt(2)


def _half(values: np.ndarray, support: np.ndarray) -> np.ndarray | None:
    """(n, classes) -> t quantile at 1 - 0.05 / classes times the standard deviation, that of rounding at the least."""
    n, classes = len(values), np.count_nonzero(support)
    if n < MIN_SEEDS or not classes:
        return None
    least = [rounding_sd(s) if s else 0.0 for s in support]
    quantile = float(st.t.ppf(1 - (1 - CONFIDENCE) / 2 / classes, n - 1))
    return np.asarray(quantile * np.maximum(values.std(axis=0, ddof=1), least))


@dataclass(frozen=True)
class Moved:
    """Test examples by how many of ``n`` runs of candidate (``after``) and baseline (``before``) get them right.

    ``differing``: in how many pairs just one of the two does. ``gained``, ``lost``: how many examples a pair moves
    either way, on average.
    """

    n: int
    before: np.ndarray  # (examples,) int
    after: np.ndarray
    differing: np.ndarray
    gained: float
    lost: float

    @property
    def net(self) -> np.ndarray:
        """(examples,) in how many seeds more the candidate gets it right, -n to n."""
        return np.asarray(self.after - self.before)

    def at_least(self, seeds: int) -> tuple[int, int]:
        """How many examples are gained, and lost, in at least so many seeds, net."""
        return int((self.net >= seeds).sum()), int((self.net <= -seeds).sum())

    def if_alike(self, seeds: int) -> float:
        """How many would be gained, and as many lost, if in each pair it were a toss-up which run is whose."""
        kinds, counts = np.unique(self.differing, return_counts=True)
        return float(counts @ st.binom.sf(np.ceil((kinds + seeds) / 2) - 1, kinds, 0.5))


def moved(candidate: Sequence[np.ndarray], baseline: Sequence[np.ndarray]) -> Moved | None:
    """Return what moved over pairs of runs, by (examples,) bool of each; None where there are none, or sizes differ."""
    if not baseline or len({len(bits) for bits in (*candidate, *baseline)}) != 1:
        return None
    mine, its = np.array(candidate, bool), np.array(baseline, bool)
    gained, lost = (mine & ~its).sum(axis=1).mean(), (its & ~mine).sum(axis=1).mean()
    counts = its.sum(axis=0), mine.sum(axis=0), (mine != its).sum(axis=0)
    return Moved(len(its), *counts, float(gained), float(lost))


def churn(runs: Sequence[np.ndarray]) -> float | None:
    """Return at how many of the (examples,) bool two of the runs differ, on average over all twos; None below two."""
    n, right = len(runs), np.sum(runs, axis=0, dtype=np.int64)
    return float((right * (n - right)).sum() / math.comb(n, 2)) if n > 1 else None

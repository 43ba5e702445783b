"""Boundaries of planned comparisons, by simulating the very statistic that is judged. Seeded: equal on every machine.

The null is simulated, runs that differ by nothing but normal noise; the boundary at each look is what so many of the
studies reach that the error spent so far is ``alpha`` (pairs / rounds)^0.7. docs/statistics.md argues the choices.
"""

from __future__ import annotations

import functools
import math

import numpy as np

from results.analysis.paired import MIN_SEEDS
from results.analysis.sequential import statistics

SEED = 20261128
NUMBERS = 12_000_000  # draws of one simulation: 0.5 s
STUDIES = (20_000, 200_000)
CORRELATIONS = (0.5, 0.9)
"""Of two candidates' differences, which share the reference's run: a half where all runs vary alike, near one where the
reference varies most. Then the pooled variance says no more than one candidate's: with the boundaries of a half alone,
a baseline three times as noisy brought 6.8 % false verdicts where 4 were planned, with 0.85 instead of 0.9 4.6 %, and
5.3 % over two plans. The larger of both is taken."""
SPENDING = 0.7
"""The error spent by the n-th of N pairs is alpha (n / N)^SPENDING. With 1.5, which spends later, five candidates that
gain a point take 5 % more trainings; with 0.5 small gains are found more rarely at the end."""
DIGITS = 3  # rounded up


@functools.lru_cache(maxsize=64)
def boundaries(candidates: int, rounds: int, alpha: float, every_round: bool = True) -> tuple[tuple[float, ...], ...]:
    """Return [m - 1][n - 1] boundaries for m = 1..candidates not yet decided, at the n-th pair of ``rounds``.

    With ``every_round`` the error grows with the pairs, for a look after each; else each n has the boundary of a single
    look at it, which may spend all of ``alpha``. Infinite before MIN_SEEDS. Raises ValueError for no
    candidates or fewer rounds than MIN_SEEDS.
    """
    if candidates < 1 or rounds < MIN_SEEDS:
        raise ValueError(f"{candidates} candidates, {rounds} rounds: at least 1 and {MIN_SEEDS} are needed")
    correlations = CORRELATIONS if candidates > 1 else CORRELATIONS[:1]
    found = [_simulated(candidates, rounds, alpha, every_round, rho) for rho in correlations]
    ceiled = np.ceil(np.max(found, axis=0) * 10**DIGITS - 1e-6) / 10**DIGITS
    return tuple(tuple(float(c) for c in row) for row in ceiled)


def _simulated(candidates: int, rounds: int, alpha: float, every_round: bool, correlation: float) -> np.ndarray:
    t = _null(candidates, rounds, correlation)
    found = np.full((candidates, rounds), np.inf)
    for m in range(1, candidates + 1):
        groups = [t[:, i * m : (i + 1) * m].max(axis=1) for i in range(candidates // m)]
        largest = np.concatenate(groups)  # (studies, rounds) of m candidates each
        found[m - 1, MIN_SEEDS - 1 :] = (_spent if every_round else _alone)(largest[:, MIN_SEEDS - 1 :], alpha, rounds)
    return found


def _null(candidates: int, rounds: int, correlation: float) -> np.ndarray:
    """Return (studies, candidates, rounds) absolute statistics of candidates that equal their reference."""
    rng = np.random.Generator(np.random.PCG64(SEED))
    studies = int(np.clip(NUMBERS // (candidates * rounds), *STUDIES))
    parts = []
    for part in np.array_split(np.arange(studies), max(1, studies * candidates * rounds // 2_000_000)):
        shared = rng.standard_normal((len(part), 1, rounds))
        own = rng.standard_normal((len(part), candidates, rounds))
        d = np.sqrt(1 - correlation) * own + np.sqrt(correlation) * shared
        parts.append(np.abs(statistics(d)).astype(np.float32))
    return np.concatenate(parts)


def _spent(largest: np.ndarray, alpha: float, rounds: int) -> list[float]:
    """Return the boundary of each look: by the n-th pair so many of all studies have crossed one as may be spent."""
    studies, crossed, found = len(largest), 0, []
    going = np.ones(studies, dtype=bool)
    for n in range(MIN_SEEDS, rounds + 1):
        now = largest[:, n - MIN_SEEDS]
        more = round(alpha * (n / rounds) ** SPENDING * studies) - crossed
        # nothing to spend yet: no look. One study each would spend more than a further plan's small alpha in all
        boundary = float(np.partition(now[going], -more)[-more]) if more > 0 else math.inf
        found.append(boundary)
        crossing = going & (now >= boundary)
        crossed += int(crossing.sum())
        going &= ~crossing
    return found


def _alone(largest: np.ndarray, alpha: float, rounds: int) -> list[float]:
    """Return the boundary of a single look, for each number of pairs that it may have."""
    more = round(alpha * len(largest))
    if more < 1:
        return [math.inf] * largest.shape[1]
    return [float(np.partition(now, -more)[-more]) for now in largest.T]

"""Paired comparisons and verdicts: pure functions on arrays. docs/statistics.md justifies each choice.

Units: scores are values turned so that more is better, differences are gains: candidate - reference. Of accuracies they
are fractions (0.01 is one percentage point).

    compare(differences)            one candidate, (seeds,) paired differences of scores -> Comparison (unadjusted)
    t_tests(differences)            the same of many at once, as arrays
    population_error(examples)      standard error of a mean difference with the part of the test examples

Comparisons were judged by these at the looks of earlier versions (verdict.adjust); plans judge by sequential.decide.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from scipy import stats as st

from results.metric import Metric

MARGIN = 0.005  # of an accuracy half a percentage point: about the standard deviation of one training over seeds
CONFIDENCE = 0.95  # of the intervals shown; each covers by itself, whatever else was compared
MIN_SEEDS = 3  # two differences say next to nothing about their deviation
LEAST = 1e-250  # a standard error of none: no number is divided by zero, and it is none of any unit's

Claim = Literal["test-set", "population"]
CLAIMS = get_args(Claim)


def claimed(claim: Claim, metric: Metric, members: str = "examples") -> str:
    """Say what a verdict is about. ``members``: what the data's examples are called."""
    if claim == "population":
        return f"expected {metric.label} in the population of {members} the test set was drawn from"
    where = "on this test set" if metric.test else "on validation data"
    return f"expected {metric.label} {where}"


@dataclass(frozen=True)
class Comparison:
    """One candidate against its reference, nothing adjusted. ``p`` tests no difference, ``p_equivalent``
    |difference| >= margin; without a margin it is 1.

    ``sd`` is the standard deviation of the paired differences over seeds, ``se`` the standard error of their mean
    under the claim, with ``df`` degrees of freedom. With fewer than MIN_SEEDS pairs p are 1, the interval infinite.
    """

    n: int
    estimate: float
    low: float
    high: float
    sd: float
    se: float
    df: float
    p: float
    p_equivalent: float
    margin: float | None = MARGIN
    claim: Claim = "test-set"


def sd_over_seeds(differences: np.ndarray, examples: int | None = None) -> np.ndarray:
    """Return the standard deviation over the last axis, at least what rounding scores to whole examples makes.

    ``examples`` is the size of a test set whose examples are right or wrong: each score is rounded to 1/examples,
    uniform rounding has variance 1/12, a difference has two. Without the bound three equal differences on a small test
    set would prove anything. None where scores are not shares of a test set.
    """
    sd: np.ndarray = np.std(differences, axis=-1, ddof=1)
    least: np.ndarray = np.maximum(sd, rounding_sd(examples))
    return least


def rounding_sd(examples: int | None) -> float:
    """Return the standard deviation that a difference has by rounding scores to whole examples; 0 where none are."""
    return 1 / (examples * math.sqrt(6)) if examples else 0.0


def not_zero(se: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Return standard errors that can be divided by.

    Of differences that are all the very same number the statistic is then huge, not undefined, in whatever unit.
    """
    found: np.ndarray = np.maximum(se, np.maximum(1e-12 * np.abs(mean), LEAST))
    return found


def t_tests(
    differences: np.ndarray,
    examples: int | None = None,
    margin: float | None = MARGIN,
    confidence: float = CONFIDENCE,
) -> dict[str, np.ndarray]:
    """Paired t over the last axis of (..., seeds): arrays (...) estimate, sd, se, low, high, p, p_equivalent.

    ``p`` is two-sided; ``p_equivalent`` the larger of two one-sided tests (TOST) against +-margin, 1 without one.
    """
    n = differences.shape[-1]
    sd = sd_over_seeds(differences, examples)
    return _tests(differences.mean(axis=-1), sd / math.sqrt(n), n - 1, sd, margin, confidence)


def _tests(
    mean: np.ndarray, se: np.ndarray, df: int, sd: np.ndarray, margin: float | None, confidence: float
) -> dict[str, np.ndarray]:
    se = not_zero(se, mean)
    half = st.t.ppf((1 + confidence) / 2, df) * np.where(se > LEAST, se, 0.0)
    equivalent = np.ones_like(mean)
    if margin is not None:
        equivalent = np.maximum(st.t.sf((margin + mean) / se, df), st.t.sf((margin - mean) / se, df))
    return {
        "estimate": mean,
        "sd": sd,
        "se": se,
        "low": mean - half,
        "high": mean + half,
        "p": 2 * st.t.sf(np.abs(mean) / se, df),
        "p_equivalent": equivalent,
    }


def population_error(examples: np.ndarray) -> tuple[float, int]:
    """Return (standard error, degrees of freedom) of the mean of (seeds, examples), both taken as samples.

    Crossed random effects: variance over seeds / seeds + variance over examples / examples, the part that both contain
    counted once. ``examples`` holds per-example differences: integers in {-1, 0, 1} of examples that are right or
    wrong, else numbers. Degrees of freedom are those of the seeds: Satterthwaite's grow just where the deviation over
    few seeds came out small by chance, and failed the calibration. Raises ValueError for fewer than two of either.
    """
    seeds, n = examples.shape
    if seeds < 2 or n < 2:
        raise ValueError(f"{seeds} seeds by {n} examples: a sampling error takes two of each")
    if examples.dtype.kind in "iu":
        by_seed, by_example = examples.sum(axis=1, dtype=np.int64) / n, examples.sum(axis=0, dtype=np.int64) / seeds
        squares = np.count_nonzero(examples) - n * (by_seed**2).sum() - seeds * (by_example**2).sum()
        residual = float(squares + seeds * n * by_seed.mean() ** 2)
        over_seeds = float(sd_over_seeds(by_seed, n)) ** 2 / seeds
    else:  # not by sums of squares, of which a mean far from zero would leave no digits
        x = examples.astype(np.float64)
        by_seed, by_example = x.mean(axis=1), x.mean(axis=0)
        residual = float(((x - by_seed[:, None] - by_example + x.mean()) ** 2).sum())
        over_seeds = float(sd_over_seeds(by_seed)) ** 2 / seeds
    noise = residual / ((seeds - 1) * (n - 1)) / (seeds * n)
    over_examples = max(0.0, float(by_example.var(ddof=1)) / n - noise)
    return math.sqrt(over_seeds + over_examples), seeds - 1


def compare(
    differences: Sequence[float] | np.ndarray,
    *,
    margin: float | None = MARGIN,
    claim: Claim = "test-set",
    examples: int | None = None,
    each: np.ndarray | None = None,
) -> Comparison:
    """Compare a candidate with its reference on (seeds,) paired differences of scores.

    ``examples`` is the size of the test set where its examples are right or wrong. The ``population`` claim needs
    ``each``: (seeds, examples) of the candidate's score minus the reference's at each example; of examples that are
    right or wrong integers in {-1, 0, 1}. Raises ValueError without it, or for a margin that is not positive.
    """
    d = np.asarray(differences, dtype=np.float64)
    n = len(d)
    if margin is not None and margin <= 0:
        raise ValueError(f"margin {margin}: must be positive")
    if n < MIN_SEEDS:
        mean = float(d.mean()) if n else float("nan")
        sd = float(sd_over_seeds(d, examples)) if n > 1 else float("nan")
        inf = float("inf")
        return Comparison(n, mean, -inf, inf, sd, inf, max(n - 1, 0), 1.0, 1.0, margin, claim)
    if claim == "population" and each is None:
        raise ValueError("the population claim needs a score of each test example")
    if claim == "population" and each is not None:
        se, df = population_error(each)
        tests = _tests(d.mean(), np.asarray(se), df, sd_over_seeds(d, examples), margin, CONFIDENCE)
    else:
        df = n - 1
        tests = t_tests(d, examples, margin)
    numbers = {k: float(v) for k, v in tests.items()}
    return Comparison(n, **numbers, df=float(df), margin=margin, claim=claim)

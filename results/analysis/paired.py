"""Paired comparisons and verdicts: pure functions on arrays. docs/statistics.md justifies each choice.

Units: accuracies and differences are fractions (0.01 is one percentage point); differences are candidate - reference.

    compare(differences)            one candidate, (seeds,) paired test-accuracy differences -> Comparison (unadjusted)
    adjust(comparisons, look=1)     all comparisons ever made in a family, at its look-th look -> one Verdict each
    verdict(differences)            the two together, for one comparison at a first look
    look_level(look)                the part of alpha that an interim analysis (look) may spend

A verdict is wrong with probability at most alpha over all comparisons and all looks of a family: each look tests at
``look_level`` and Holm's method shares that out over every comparison ever made in the family.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats as st

MARGIN = 0.005  # half a percentage point: about the standard deviation of one training over seeds
CONFIDENCE = 0.95  # of the intervals shown; each covers by itself, whatever else was compared
MIN_SEEDS = 3  # two differences say next to nothing about their deviation
MOST_SEEDS = 500  # beyond this "how many more" is not answered with a number

Claim = Literal["test-set", "population"]
Label = Literal["better", "worse", "equivalent", "undecided"]
CLAIMS: dict[str, str] = {
    "test-set": "expected accuracy on this test set",
    "population": "expected accuracy in the population of images the test set was drawn from",
}


@dataclass(frozen=True)
class Comparison:
    """One candidate against its reference, nothing adjusted. ``p`` tests no difference, ``p_equivalent``
    |difference| >= margin.

    ``sd`` is the standard deviation of the paired differences over seeds, ``se`` the standard error of their mean
    under the claim, with ``df`` degrees of freedom. With fewer than MIN_SEEDS pairs p are 1, the interval infinite.
    ``p_sign_flip`` (exact, no normality) is shown beside up to 12 seeds and never decides; its least value is 2 / 2**n.
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
    p_sign_flip: float | None
    margin: float = MARGIN
    claim: Claim = "test-set"


def sd_over_seeds(differences: np.ndarray, images: int | None = None) -> np.ndarray:
    """Return the standard deviation over the last axis, at least what rounding accuracies to whole images makes.

    ``images`` is the size of the test set: each accuracy is rounded to 1/images, uniform rounding has variance
    1/12, a difference has two. Without the bound three equal differences on a small test set would prove anything.
    """
    sd: np.ndarray = np.std(differences, axis=-1, ddof=1)
    return np.maximum(sd, 1 / (images * math.sqrt(6))) if images else sd


def t_tests(
    differences: np.ndarray, images: int | None = None, margin: float = MARGIN, confidence: float = CONFIDENCE
) -> dict[str, np.ndarray]:
    """Paired t over the last axis of (..., seeds): arrays (...) estimate, sd, se, low, high, p, p_equivalent.

    ``p`` is two-sided; ``p_equivalent`` the larger of two one-sided tests (TOST) against +-margin.
    """
    n = differences.shape[-1]
    sd = sd_over_seeds(differences, images)
    return _tests(differences.mean(axis=-1), sd / math.sqrt(n), n - 1, sd, margin, confidence)


def _tests(
    mean: np.ndarray, se: np.ndarray, df: int, sd: np.ndarray, margin: float, confidence: float
) -> dict[str, np.ndarray]:
    se = np.maximum(se, 1e-12)  # differences that are all the very same number: t is then huge, not undefined
    half = st.t.ppf((1 + confidence) / 2, df) * se
    below, above = st.t.sf((margin + mean) / se, df), st.t.sf((margin - mean) / se, df)
    return {
        "estimate": mean,
        "sd": sd,
        "se": se,
        "low": mean - half,
        "high": mean + half,
        "p": 2 * st.t.sf(np.abs(mean) / se, df),
        "p_equivalent": np.maximum(below, above),
    }


def population_error(images: np.ndarray) -> tuple[float, int]:
    """Return (standard error, degrees of freedom) of the mean of (seeds, images), both taken as samples.

    Crossed random effects: variance over seeds / seeds + variance over images / images, the part that both contain
    counted once. ``images`` holds per-image differences in {-1, 0, 1}. Degrees of freedom are those of the seeds:
    Satterthwaite's grow just where the deviation over few seeds came out small by chance, and failed the calibration.
    """
    seeds, n = images.shape
    by_seed, by_image = images.sum(axis=1, dtype=np.int64) / n, images.sum(axis=0, dtype=np.int64) / seeds
    squares = np.count_nonzero(images) - n * (by_seed**2).sum() - seeds * (by_image**2).sum()
    noise = float((squares + seeds * n * by_seed.mean() ** 2) / ((seeds - 1) * (n - 1))) / (seeds * n)
    over_seeds = float(sd_over_seeds(by_seed, n)) ** 2 / seeds
    over_images = max(0.0, float(by_image.var(ddof=1)) / n - noise)
    return math.sqrt(over_seeds + over_images), seeds - 1


def sign_flip(differences: np.ndarray) -> float | None:
    """Return the exact two-sided p of the sign-flip permutation test; None above 12 seeds, where it adds little."""
    if len(differences) > 12:
        return None
    test = st.permutation_test(
        (np.asarray(differences, dtype=np.float64),),
        lambda x, axis: np.mean(x, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf,
    )
    return float(test.pvalue)


def compare(
    differences: Sequence[float] | np.ndarray,
    *,
    margin: float = MARGIN,
    claim: Claim = "test-set",
    images: int | None = None,
    correct: np.ndarray | None = None,
) -> Comparison:
    """Compare a candidate with its reference on (seeds,) paired differences of test accuracy.

    ``images`` is the size of the test set. The ``population`` claim needs ``correct``: (seeds, images) of candidate
    correct minus reference correct, in {-1, 0, 1}. Raises ValueError without it, or for a margin that is not positive.
    """
    d = np.asarray(differences, dtype=np.float64)
    n = len(d)
    if margin <= 0:
        raise ValueError(f"margin {margin}: must be positive")
    if n < MIN_SEEDS:
        mean = float(d.mean()) if n else float("nan")
        sd = float(sd_over_seeds(d, images)) if n > 1 else float("nan")
        inf = float("inf")
        return Comparison(n, mean, -inf, inf, sd, inf, max(n - 1, 0), 1.0, 1.0, 1.0, margin, claim)
    if claim == "population" and correct is None:
        raise ValueError("the population claim needs per-image correctness")
    if claim == "population" and correct is not None:
        se, df = population_error(correct)
        tests = _tests(d.mean(), np.asarray(se), df, sd_over_seeds(d, images), margin, CONFIDENCE)
    else:
        df = n - 1
        tests = t_tests(d, images, margin)
    numbers = {k: float(v) for k, v in tests.items()}
    return Comparison(n, **numbers, df=float(df), p_sign_flip=sign_flip(d), margin=margin, claim=claim)

"""Paired comparisons and verdicts: pure functions on arrays. docs/statistics.md justifies each choice.

Units: accuracies and differences are fractions (0.01 is one percentage point); differences are candidate - reference.

    compare(differences)            one candidate, (seeds,) paired test-accuracy differences -> Comparison (unadjusted)
    adjust(comparisons, look=1)     all comparisons ever made in a family, at its look-th look -> one Verdict each
    verdict(differences)            the two together, for one comparison at a first look
    look_level(look)                the part of alpha that a look may spend

A verdict is wrong with probability at most alpha over all comparisons and all looks of a family: each look tests at
``look_level`` and Holm's method shares that out over every comparison ever made in the family.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy import stats as st

from results.formatting import ALPHA, p_text, points

MARGIN = 0.005  # half a percentage point: about the spread of one training over seeds
CONFIDENCE = 0.95  # of the intervals shown; each covers by itself, whatever else was compared
MIN_SEEDS = 3  # two differences say next to nothing about their spread
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

    ``sd`` is the spread of the paired differences over seeds and ``se`` the standard error of their mean under the
    claim, with ``df`` degrees of freedom. With fewer than MIN_SEEDS pairs both p are 1 and the interval is infinite.
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


@dataclass(frozen=True)
class Verdict:
    """What may be claimed. Adjusted p values count in all comparisons and looks of the family: compare them with alpha.

    ``low`` and ``high`` are the unadjusted 95 % interval. ``comparisons`` is how many the family has had, ``look`` its
    look number and ``level`` what this look could spend. ``further_seeds`` (undecided only) is how many more seeds it
    would likely take at the next look if the truth were the estimate; None for more than MOST_SEEDS in all, and where
    fewer than MIN_SEEDS leave nothing to guess by.
    """

    label: Label
    estimate: float
    low: float
    high: float
    n: int
    sd: float
    p: float
    p_adjusted: float
    p_equivalent: float
    p_equivalent_adjusted: float
    p_sign_flip: float | None
    margin: float
    claim: Claim
    look: int
    comparisons: int
    level: float
    further_seeds: int | None
    sentence: str

    @property
    def decided(self) -> bool:
        """Whether it is anything but undecided."""
        return self.label != "undecided"


def look_level(look: int, alpha: float = ALPHA) -> float:
    """Return the part of ``alpha`` that the ``look``-th look (from 1) may spend: alpha / (look + 1)!.

    A half, a sixth, a 24th, a 120th. The sum over looks of look * level is exactly alpha, so alpha holds even where
    what was seen decides which candidates join: at look k there are at most k cohorts of candidates, each of which
    spends at most the look's level. The steep fall also covers numbers of seeds chosen after looking.
    """
    if look < 1:
        raise ValueError(f"look {look}: looks are numbered from 1")
    return alpha / math.factorial(look + 1)


def spread(differences: np.ndarray, images: int | None = None) -> np.ndarray:
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
    sd = spread(differences, images)
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
    Satterthwaite's grow just where the spread over few seeds came out small by chance, and failed the calibration.
    """
    seeds, n = images.shape
    by_seed, by_image = images.sum(axis=1, dtype=np.int64) / n, images.sum(axis=0, dtype=np.int64) / seeds
    squares = np.count_nonzero(images) - n * (by_seed**2).sum() - seeds * (by_image**2).sum()
    noise = float((squares + seeds * n * by_seed.mean() ** 2) / ((seeds - 1) * (n - 1))) / (seeds * n)
    over_seeds = float(spread(by_seed, n)) ** 2 / seeds
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
        sd = float(spread(d, images)) if n > 1 else float("nan")
        inf = float("inf")
        return Comparison(n, mean, -inf, inf, sd, inf, max(n - 1, 0), 1.0, 1.0, 1.0, margin, claim)
    if claim == "population" and correct is None:
        raise ValueError("the population claim needs per-image correctness")
    if claim == "population" and correct is not None:
        se, df = population_error(correct)
        tests = _tests(d.mean(), np.asarray(se), df, spread(d, images), margin, CONFIDENCE)
    else:
        df = n - 1
        tests = t_tests(d, images, margin)
    numbers = {k: float(v) for k, v in tests.items()}
    return Comparison(n, **numbers, df=float(df), p_sign_flip=sign_flip(d), margin=margin, claim=claim)


def holm(p: Sequence[float]) -> np.ndarray:
    """Return Holm-adjusted p values (statsmodels), in the order given."""
    from statsmodels.stats.multitest import multipletests

    return np.asarray(multipletests(p, method="holm")[1]) if len(p) else np.array([])


def adjusted(p: Sequence[float], look: int = 1, alpha: float = ALPHA) -> np.ndarray:
    """Return p values adjusted for all comparisons (Holm) and for the look: a verdict stands where one is <= alpha."""
    return np.minimum(1.0, holm(p) * (alpha / look_level(look, alpha)))


def adjust(comparisons: Sequence[Comparison], look: int = 1, alpha: float = ALPHA) -> list[Verdict]:
    """Turn every comparison ever made in a family, as its data now stand, into verdicts at its ``look``-th look.

    Differences and equivalences are two families, each at alpha. For one comparison the two can never be wrong
    together: with a true difference of at least the margin, "equivalent" and the wrong sign need the same tail.
    """
    p = adjusted([c.p for c in comparisons], look, alpha)
    equivalent = adjusted([c.p_equivalent for c in comparisons], look, alpha)
    return [
        _verdict(c, float(a), float(b), look, len(comparisons), alpha)
        for c, a, b in zip(comparisons, p, equivalent, strict=True)
    ]


def verdict(
    differences: Sequence[float] | np.ndarray, look: int = 1, alpha: float = ALPHA, **options: object
) -> Verdict:
    """Return the verdict on a family of one comparison; ``options`` go to :func:`compare`."""
    return adjust([compare(differences, **options)], look, alpha)[0]  # type: ignore[arg-type]


def _verdict(c: Comparison, p: float, equivalent: float, look: int, family: int, alpha: float) -> Verdict:
    label: Label = "undecided"
    if p <= alpha:
        label = "better" if c.estimate > 0 else "worse"
    elif equivalent <= alpha:
        label = "equivalent"
    further = None
    if label == "undecided":
        from results.power import further_seeds

        further = further_seeds(c, look_level(look + 1, alpha) / family)
    made = Verdict(
        label=label,
        estimate=c.estimate,
        low=c.low,
        high=c.high,
        n=c.n,
        sd=c.sd,
        p=c.p,
        p_adjusted=p,
        p_equivalent=c.p_equivalent,
        p_equivalent_adjusted=equivalent,
        p_sign_flip=c.p_sign_flip,
        margin=c.margin,
        claim=c.claim,
        look=look,
        comparisons=family,
        level=look_level(look, alpha),
        further_seeds=further,
        sentence="",
    )
    return replace(made, sentence=sentence(made, alpha))


def sentence(v: Verdict, alpha: float = ALPHA) -> str:
    """Write a verdict in plain words, with its interval, n, adjusted p and claim."""
    if v.n < MIN_SEEDS:
        seeds = "1 seed" if v.n == 1 else f"{v.n} seeds"
        return f"undecided: {seeds} can reach no verdict; at least {MIN_SEEDS} are needed"
    data = f"{points(v.estimate)} points, 95 % interval {points(v.low)} to {points(v.high)}, {v.n} paired seeds"
    where = CLAIMS[v.claim]
    within = f"+-{points(v.margin, signed=False)} points"
    if v.label == "equivalent":
        return f"equivalent: {where} differs by less than {within} ({data}, adjusted {p_text(v.p_equivalent_adjusted)})"
    data += f", adjusted {p_text(v.p_adjusted)}"
    if v.label in ("better", "worse"):
        small = ", though by less than the margin" if v.p_equivalent_adjusted <= alpha else ""
        return f"{v.label}: {'higher' if v.label == 'better' else 'lower'} {where}{small} ({data})"
    more = (
        f"about {v.further_seeds} further seeds"
        if v.further_seeds is not None
        else f"more than {MOST_SEEDS} seeds in all"
    )
    return f"undecided: {data}; it would likely take {more} to tell"

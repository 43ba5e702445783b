"""The noise floor: how far apart two runs of the very same config fall. Fractions throughout.

noise_floor(records)            complete records of one config, one per seed -> NoiseFloor, or None below two seeds
assumed_sd(test_images)         the standard deviation taken before any was measured
difference_sd(floor, images)    (standard deviation of a paired difference, where that number comes from)
wilson(hits, n)                 95 % interval of a share, e.g. the recall of a class
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from scipy import stats as st

from results.analysis.paired import CONFIDENCE, sd_over_seeds
from results.formatting import percent, points
from results.record import Record

ASSUMED_RUN_SD = 0.003  # three tenths of a point from initialisation, order and split
ASSUMED_IMAGE_VARIANCE = 0.1  # mean over images of p (1 - p), of a model right three times in four

Metric = Literal["test_accuracy", "val_accuracy"]


@dataclass(frozen=True)
class NoiseFloor:
    """How one config varies over ``n`` seeds. ``sd`` with its 95 % chi-square interval; ``mean`` with its t
    interval.

    ``image_sd``: what the finite test set alone explains, each image being right with its own probability,
    independently from run to run; ``run_sd``: what is left; ``explained``: the share of the variance, 0..1 (None
    without per-image correctness). ``population_sd``: how far the mean would move with another test set of this size.
    ``single_run``: two single runs closer than this cannot be told apart (at 95 %, sd being estimated from n seeds).
    """

    metric: str
    n: int
    seeds: tuple[int, ...]
    mean: float
    mean_low: float
    mean_high: float
    sd: float
    sd_low: float
    sd_high: float
    single_run: float
    images: int | None = None
    image_sd: float | None = None
    run_sd: float | None = None
    explained: float | None = None
    population_sd: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-able values, for study.json."""
        return asdict(self) | {"seeds": list(self.seeds)}

    def sentences(self) -> list[str]:
        """Say it in plain words, one line each."""
        what = "test" if self.metric == "test_accuracy" else "validation"
        lines = [
            f"Noise floor over {self.n} seeds: {what} accuracy {100 * self.mean:.2f} % on average, standard deviation "
            f"{points(self.sd, signed=False)} percentage points (95 % interval {points(self.sd_low, signed=False)} to "
            f"{points(self.sd_high, signed=False)})."
        ]
        if self.explained is not None and self.image_sd is not None:
            share = percent(self.explained, 0)
            lines.append(
                f"About {share} of that variance is what a test set of {self.images:,} images must "
                f"show ({points(self.image_sd, signed=False)} points by itself); n = {self.n} makes this a rough share."
            )
        lines.append(
            f"Differences under {points(self.single_run, signed=False)} points of {what} accuracy cannot be told apart "
            f"by single runs (n = {self.n})."
        )
        return lines


def noise_floor(records: Sequence[Record], metric: Metric = "test_accuracy") -> NoiseFloor | None:
    """Measure how complete runs vary over seeds, all of one config; the first record of a seed counts.

    None where fewer than two seeds have a score. Raises ValueError where the records are not of one config.
    """
    by_seed: dict[int, Record] = {}
    for record in records:
        if record.status == "complete" and getattr(record, metric) is not None:
            by_seed.setdefault(record.seed, record)
    runs = [by_seed[s] for s in sorted(by_seed)]
    if len({r.config_hash for r in runs}) > 1:
        raise ValueError("a noise floor is of one config; these records are of several")
    if len(runs) < 2:
        return None
    correct = [r.correct() for r in runs] if metric == "test_accuracy" else []
    whole = [c for c in correct if c is not None]
    same = len(whole) == len(runs) and len({len(c) for c in whole}) == 1
    values = np.array([getattr(r, metric) for r in runs])
    return measure(values, np.array(whole) if same else None, metric, tuple(r.seed for r in runs))


def measure(
    values: np.ndarray,
    correct: np.ndarray | None = None,
    metric: str = "test_accuracy",
    seeds: tuple[int, ...] = (),
    confidence: float = CONFIDENCE,
) -> NoiseFloor:
    """Measure the noise floor of (seeds,) accuracies and, where known, (seeds, images) bool correctness."""
    n = len(values)
    images = correct.shape[1] if correct is not None else None
    sd = float(sd_over_seeds(values, images))
    tail = (1 - confidence) / 2
    low, high = (sd * math.sqrt((n - 1) / float(st.chi2.ppf(q, n - 1))) for q in (1 - tail, tail))
    quantile = float(st.t.ppf(1 - tail, n - 1))
    half = quantile * sd / math.sqrt(n)
    mean = float(values.mean())
    parts: dict[str, Any] = {}
    if correct is not None:
        chance = correct.mean(axis=0)
        # n/(n-1) makes p(1-p) unbiased: both are estimated from the same n runs
        flips = n / (n - 1) * float((chance * (1 - chance)).mean()) / correct.shape[1]
        parts = {
            "images": images,
            "image_sd": math.sqrt(flips),
            "run_sd": math.sqrt(max(0.0, sd**2 - flips)),
            "explained": min(1.0, flips / sd**2),
            "population_sd": math.sqrt(max(0.0, float(chance.var(ddof=1)) / correct.shape[1] - flips / n)),
        }
    return NoiseFloor(
        metric=metric,
        n=n,
        seeds=tuple(seeds),
        mean=mean,
        mean_low=mean - half,
        mean_high=mean + half,
        sd=sd,
        sd_low=low,
        sd_high=high,
        single_run=quantile * math.sqrt(2) * sd,
        **parts,
    )


def assumed_sd(images: int | None) -> float:
    """Return the standard deviation over seeds of one run's test accuracy to assume where none was measured.

    0.44 points on 10,000 images: 0.3 from the run itself, the rest from a test set of that size.
    """
    return math.sqrt(ASSUMED_RUN_SD**2 + (ASSUMED_IMAGE_VARIANCE / images if images else 0.0))


def difference_sd(
    floor: NoiseFloor | None, images: int | None, measured: tuple[float, int] = (0.0, 0)
) -> tuple[float, str]:
    """Return the standard deviation to plan with for a paired difference and, in words, where it comes from.

    The baseline's standard deviation times sqrt 2 and that ``measured`` of paired differences (with its degrees of
    freedom) are pooled: either alone may be small by chance.
    """
    known = [(floor.n - 1, floor.sd * math.sqrt(2), f"the baseline's {floor.n} seeds")] if floor else []
    if measured[1]:
        known.append((measured[1], measured[0], "the pairs compared so far"))
    freedom = sum(df for df, *_ in known)
    if freedom < 2:
        return assumed_sd(images) * math.sqrt(2), "assumed; 'baseline --seeds 6' measures it"
    sd = math.sqrt(sum(df * sd**2 for df, sd, _ in known) / freedom)
    return sd, f"from {' and '.join(source for *_, source in known)}"


def wilson(hits: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return Wilson's interval of the share hits / n; (0, 1) for n = 0."""
    if n == 0:
        return 0.0, 1.0
    low, high = st.binomtest(hits, n).proportion_ci(confidence, "wilson")  # statsmodels' own loads pandas, 0.2 s
    return float(low), float(high)

"""The noise floor: how far apart two runs of the very same config fall. Scores and gains throughout.

noise_floor(records, split)             complete records of one config -> NoiseFloor, or None below two seeds
assumed_sd(metric, examples)            the standard deviation taken before any was measured, of an accuracy
difference_sd(metric, floor, examples)  (standard deviation of a paired difference, where that number comes from)
wilson(hits, n)                         95 % interval of a share, e.g. the recall of a class
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
from scipy import stats as st

from results.analysis.paired import CONFIDENCE, sd_over_seeds
from results.formatting import percent
from results.metric import Metric
from results.record import Record

ASSUMED_RUN_SD = 0.003  # three tenths of a point from initialisation, order and split
ASSUMED_EXAMPLE_VARIANCE = 0.1  # mean over examples of p (1 - p), of a model right three times in four

Split = Literal["test", "validation"]


@dataclass(frozen=True)
class NoiseFloor:
    """How one config varies over ``n`` seeds. ``sd`` with its 95 % chi-square interval; ``mean`` with its t
    interval.

    ``example_sd``: what the finite test set alone explains, each example having a score of its own that varies
    independently from run to run; ``run_sd``: what is left; ``explained``: the share of the variance, 0..1 (None
    without per-example scores). ``population_sd``: how far the mean would move with another test set of this size.
    ``single_run``: two single runs closer than this cannot be told apart (at 95 %, sd being estimated from n seeds).
    ``members``: what the data's examples are called.
    """

    metric: Metric
    split: Split
    n: int
    seeds: tuple[int, ...]
    mean: float
    mean_low: float
    mean_high: float
    sd: float
    sd_low: float
    sd_high: float
    single_run: float
    examples: int | None = None
    example_sd: float | None = None
    run_sd: float | None = None
    explained: float | None = None
    population_sd: float | None = None
    members: str = "examples"

    @property
    def varies(self) -> bool:
        """Whether the seeds differ at all, beyond what rounding does."""
        return self.sd > 1e-9 * abs(self.mean)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-able values, for study.json: the mean and its interval are values, not scores."""
        found = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("metric", "members")}
        mean, ends = self.metric.score(self.mean), sorted(map(self.metric.score, (self.mean_low, self.mean_high)))  # type: ignore[type-var]
        return found | {
            "metric": self.metric.name if self.split == "validation" else self.metric.test,
            "seeds": list(self.seeds),
            "mean": mean,
            "mean_low": ends[0],
            "mean_high": ends[1],
        }

    def sentences(self) -> list[str]:
        """Say it in plain words, one line each."""
        metric, what = self.metric, self.metric.what(self.split)
        low, high = (metric.difference(sd, signed=False) for sd in (self.sd_low, self.sd_high))
        lines = [
            f"Noise floor over {self.n} seeds: {what} {metric.text(self.mean)} on average, standard deviation "
            f"{metric.with_unit(self.sd, signed=False)} (95 % interval {low} to {high})."
        ]
        if self.explained is not None and self.example_sd is not None:
            share = percent(self.explained, 0)
            alone = metric.with_unit(self.example_sd, signed=False, short=True)
            lines.append(
                f"About {share} of that variance is what a test set of {self.examples:,} {self.members} must "
                f"show ({alone} by itself); n = {self.n} makes this a rough share."
            )
        apart = metric.with_unit(self.single_run, signed=False, short=True)
        lines.append(f"Differences under {apart} of {what} cannot be told apart by single runs (n = {self.n}).")
        return lines


def noise_floor(
    records: Sequence[Record], split: Split, members: str = "examples", metric: Metric | None = None
) -> NoiseFloor | None:
    """Measure how complete runs vary over seeds, all of one config; the first record of a seed counts.

    None where fewer than two seeds have a score. Raises ValueError where the records are not of one config.
    """
    by_seed: dict[int, tuple[Record, float]] = {}
    for record in records:
        score = record.test_score if split == "test" else record.score
        if record.status == "complete" and score is not None:
            by_seed.setdefault(record.seed, (record, score))
    runs = [by_seed[s] for s in sorted(by_seed)]
    if len({r.config_hash for r, _ in runs}) > 1:
        raise ValueError("a noise floor is of one config; these records are of several")
    if len(runs) < 2:
        return None
    each = [r.test_examples for r, _ in runs] if split == "test" else []
    whole = [x.array() for x in each if x is not None]
    same = len(whole) == len(runs) and len({(len(x), x.dtype) for x in whole}) == 1
    values = np.array([score for _, score in runs])
    metric = metric or runs[0][0].metric.plain  # the study's knows the margin, by which numbers have their digits
    seeds = tuple(r.seed for r, _ in runs)
    return measure(values, metric, split, np.array(whole) if same else None, seeds, members=members)


def measure(
    values: np.ndarray,
    metric: Metric,
    split: Split = "test",
    each: np.ndarray | None = None,
    seeds: tuple[int, ...] = (),
    confidence: float = CONFIDENCE,
    members: str = "examples",
) -> NoiseFloor:
    """Measure the noise floor of (seeds,) scores; ``each``, where known: (seeds, examples) bool or numbers."""
    n = len(values)
    bits = each is not None and each.dtype == bool
    sd = float(sd_over_seeds(values, each.shape[1] if each is not None and bits else None))
    tail = (1 - confidence) / 2
    low, high = (sd * math.sqrt((n - 1) / float(st.chi2.ppf(q, n - 1))) for q in (1 - tail, tail))
    quantile = float(st.t.ppf(1 - tail, n - 1))
    half = quantile * sd / math.sqrt(n)
    mean = float(values.mean())
    return NoiseFloor(
        metric=metric,
        split=split,
        n=n,
        seeds=tuple(seeds),
        mean=mean,
        mean_low=mean - half,
        mean_high=mean + half,
        sd=sd,
        sd_low=low,
        sd_high=high,
        single_run=quantile * math.sqrt(2) * sd,
        members=members,
        **({} if each is None else _parts(each, sd)),
    )


def _parts(each: np.ndarray, sd: float) -> dict[str, Any]:
    """Return what of the variance ``sd`` squared the finite test set explains."""
    n, examples = each.shape
    mean = each.mean(axis=0, dtype=np.float64)
    if each.dtype == bool:
        # n/(n-1) makes p(1-p) unbiased: both are estimated from the same n runs
        within = n / (n - 1) * float((mean * (1 - mean)).mean())
    else:
        within = float(each.astype(np.float64).var(axis=0, ddof=1).mean())
    flips = within / examples
    return {
        "examples": examples,
        "example_sd": math.sqrt(flips),
        "run_sd": math.sqrt(max(0.0, sd**2 - flips)),
        "explained": min(1.0, flips / sd**2) if sd > 0 else 0.0,
        "population_sd": math.sqrt(max(0.0, float(mean.var(ddof=1)) / examples - flips / n)) if examples > 1 else 0.0,
    }


def assumed_sd(metric: Metric, examples: int | None) -> float | None:
    """Return the standard deviation over seeds of one run's score to assume where none was measured.

    Of an accuracy 0.44 points on 10,000 examples: 0.3 from the run itself, the rest from a test set of that size.
    Of any other metric nothing is known beforehand: None.
    """
    if not metric.is_accuracy:
        return None
    return math.sqrt(ASSUMED_RUN_SD**2 + (ASSUMED_EXAMPLE_VARIANCE / examples if examples else 0.0))


def difference_sd(
    metric: Metric, floor: NoiseFloor | None, examples: int | None, measured: tuple[float, int] = (0.0, 0)
) -> tuple[float | None, str]:
    """Return the standard deviation to plan with for a paired difference and, in words, where it comes from.

    The baseline's standard deviation times sqrt 2 and that ``measured`` of paired differences (with its degrees of
    freedom) are pooled: either alone may be small by chance. None where nothing is known.
    """
    known = [(floor.n - 1, floor.sd * math.sqrt(2), f"the baseline's {floor.n} seeds")] if floor else []
    if measured[1]:
        known.append((measured[1], measured[0], "the pairs compared so far"))
    freedom = sum(df for df, *_ in known)
    if freedom < 2:
        alone = assumed_sd(metric, examples)
        return alone and alone * math.sqrt(2), "assumed, as no noise was measured" if alone else "not known"
    sd = math.sqrt(sum(df * sd**2 for df, sd, _ in known) / freedom)
    return sd, f"from {' and '.join(source for *_, source in known)}"


def wilson(hits: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return Wilson's interval of the share hits / n; (0, 1) for n = 0."""
    if n == 0:
        return 0.0, 1.0
    low, high = st.binomtest(hits, n).proportion_ci(confidence, "wilson")  # statsmodels' own loads pandas, 0.2 s
    return float(low), float(high)

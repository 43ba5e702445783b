"""One comparison's verdict: better, worse, equivalent or undecided, and its sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from results.analysis.corrections import ALPHA, adjusted, look_level
from results.analysis.paired import MIN_SEEDS, MOST_SEEDS, Claim, Comparison, Label, claimed, compare
from results.analysis.power import further_seeds
from results.formatting import p_text
from results.metric import Metric


@dataclass(frozen=True)
class Verdict:
    """What may be claimed. Adjusted p values count in all comparisons and looks of the family: compare them with alpha.

    ``low`` and ``high`` are the unadjusted 95 % interval. ``comparisons`` is how many the family has had, ``look`` its
    interim analysis (look), ``level`` what that could spend. ``further_seeds`` (undecided only) is how many more seeds
    it would likely take at the next look if the truth were the estimate; None for more than MOST_SEEDS in all, and
    where fewer than MIN_SEEDS leave nothing to guess by.
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
    margin: float | None
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


def adjust(
    comparisons: Sequence[Comparison],
    metric: Metric,
    look: int = 1,
    alpha: float = ALPHA,
    members: str = "examples",
) -> list[Verdict]:
    """Turn every comparison ever made in a family, with the data there are now, into verdicts at its ``look``-th look.

    Differences and equivalences are two families, each at alpha. For one comparison the two can never be wrong
    together: with a true difference of at least the margin, "equivalent" and the wrong sign need the same tail.
    ``metric`` and what the data's ``members`` are called are for the sentences.
    """
    p = adjusted([c.p for c in comparisons], look, alpha)
    equivalent = adjusted([c.p_equivalent for c in comparisons], look, alpha)
    made = [
        _verdict(c, float(a), float(b), look, len(comparisons), alpha)
        for c, a, b in zip(comparisons, p, equivalent, strict=True)
    ]
    return [replace(v, sentence=sentence(v, metric, members, alpha)) for v in made]


def verdict(
    differences: Sequence[float] | np.ndarray, metric: Metric, look: int = 1, alpha: float = ALPHA, **options: object
) -> Verdict:
    """Return the verdict on a family of one comparison; ``options`` go to :func:`compare`."""
    return adjust([compare(differences, **options)], metric, look, alpha)[0]  # type: ignore[arg-type]


def _verdict(c: Comparison, p: float, equivalent: float, look: int, family: int, alpha: float) -> Verdict:
    label: Label = "undecided"
    if p <= alpha:
        label = "better" if c.estimate > 0 else "worse"
    elif equivalent <= alpha:
        label = "equivalent"
    further = further_seeds(c, look_level(look + 1, alpha) / family) if label == "undecided" else None
    return Verdict(
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


def sentence(v: Verdict, metric: Metric, members: str = "examples", alpha: float = ALPHA) -> str:
    """Write a verdict in plain words, with its interval, n, adjusted p and claim."""
    if v.n < MIN_SEEDS:
        seeds = "1 seed" if v.n == 1 else f"{v.n} seeds"
        return f"undecided: {seeds} can reach no verdict; at least {MIN_SEEDS} are needed"
    low, high = metric.interval(v.low, v.high)
    data = f"{metric.with_unit(v.estimate)}, 95 % interval {low} to {high}, {v.n} paired seeds"
    where = claimed(v.claim, metric, members)
    if v.label == "equivalent":
        within = f"+-{metric.with_unit(v.margin, signed=False, short=True)}"
        p = p_text(v.p_equivalent_adjusted, alpha)
        return f"equivalent: {where} differs by less than {within} ({data}, adjusted {p})"
    data += f", adjusted {p_text(v.p_adjusted, alpha)}"
    if v.label in ("better", "worse"):
        small = ", though by less than the margin" if v.p_equivalent_adjusted <= alpha else ""
        return f"{v.label}: {metric.better if v.label == 'better' else metric.worse} {where}{small} ({data})"
    more = (
        f"about {v.further_seeds} further seeds"
        if v.further_seeds is not None
        else f"more than {MOST_SEEDS} seeds in all"
    )
    return f"undecided: {data}; it would likely take {more} to tell"

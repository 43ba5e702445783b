"""One comparison's verdict and its sentence: by a plan, or by a look of an earlier version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from scipy import stats as st

from results.analysis.corrections import ALPHA, adjusted
from results.analysis.paired import MIN_SEEDS, Claim, Comparison, claimed
from results.analysis.sequential import Label
from results.formatting import p_text
from results.metric import Metric

MARGINAL: tuple[Label, ...] = ("no gain", "equivalent", "no worse")  # about the margin, not about a difference


@dataclass(frozen=True)
class Verdict:
    """What may be claimed.

    ``by``: a plan, or a look of an earlier version, ``number`` which one, of ``comparisons``. Of a plan, ``low`` and
    ``high`` are the repeated confidence interval of ``level`` (0.96), ``seeds`` how many it had at most, ``statistic``
    and ``boundary`` what the estimate in standard errors was and had to be. Of a look they are the unadjusted 95 %
    interval, and the p values are adjusted for all comparisons and looks: compare them with alpha.
    """

    label: Label
    estimate: float
    low: float
    high: float
    n: int
    sd: float
    margin: float | None
    claim: Claim
    by: Literal["plan", "look"]
    number: int
    comparisons: int
    level: float
    seeds: int | None = None
    statistic: float | None = None
    boundary: float | None = None
    small: bool = False  # better, though by less than the margin
    p_adjusted: float | None = None
    p_equivalent_adjusted: float | None = None
    sentence: str = ""

    @property
    def decided(self) -> bool:
        """Whether something is claimed."""
        return self.label not in ("undecided", "dropped")

    @property
    def interval(self) -> str:
        """What its interval is called."""
        return interval_name(self.level) if self.by == "plan" else f"{100 * self.level:.4g} % interval"

    @property
    def differs(self) -> bool:
        """Whether a difference is claimed."""
        return self.label in ("better", "worse")


def adjust(
    comparisons: Sequence[Comparison],
    metric: Metric,
    look: int = 1,
    alpha: float = ALPHA,
    members: str = "examples",
) -> list[Verdict]:
    """Turn every comparison of a family into verdicts at its ``look``-th look, as earlier versions did.

    Differences and equivalences are two families, each at alpha. ``metric`` and what the data's ``members`` are called
    are for the sentences.
    """
    p = adjusted([c.p for c in comparisons], look, alpha)
    equivalent = adjusted([c.p_equivalent for c in comparisons], look, alpha)
    made = [
        _at_look(c, float(a), float(b), look, len(comparisons), alpha)
        for c, a, b in zip(comparisons, p, equivalent, strict=True)
    ]
    return [replace(v, sentence=sentence(v, metric, members, alpha)) for v in made]


def _at_look(c: Comparison, p: float, equivalent: float, look: int, family: int, alpha: float) -> Verdict:
    label: Label = "undecided"
    if p <= alpha:
        label = "better" if c.estimate > 0 else "worse"
    elif equivalent <= alpha:
        label = "equivalent"
    return Verdict(
        label=label,
        estimate=c.estimate,
        low=c.low,
        high=c.high,
        n=c.n,
        sd=c.sd,
        margin=c.margin,
        claim=c.claim,
        by="look",
        number=look,
        comparisons=family,
        level=0.95,
        small=equivalent <= alpha and label == "better",
        p_adjusted=p,
        p_equivalent_adjusted=equivalent,
    )


def sentence(v: Verdict, metric: Metric, members: str = "examples", alpha: float = ALPHA) -> str:
    """Write a verdict in plain words, with its interval, n and claim."""
    if v.n < MIN_SEEDS and v.label != "dropped":
        seeds = "1 pair has" if v.n == 1 else f"{v.n or 'no'} pairs have"
        return f"undecided: {seeds} a score; at least {MIN_SEEDS} are needed"
    data, where = _data(v, metric, alpha), claimed(v.claim, metric, members)
    within = "" if v.margin is None else metric.with_unit(v.margin, signed=False, short=True)
    if v.differs:
        small = ", though by less than the margin" if v.small else ""
        return f"{v.label}: {metric.better if v.label == 'better' else metric.worse} {where}{small} ({data})"
    said = {
        "no gain": f"{where} improves by less than {within}, if at all",
        "equivalent": f"{where} differs by less than +-{within}",
        "no worse": f"{where} is worse by less than {within}, if at all",
        "dropped": "it was behind when the race went on with the better half, and is not judged",
        "undecided": "neither a difference nor its absence is shown",
    }[v.label]
    return f"{v.label}: {said} ({data})"


def _data(v: Verdict, metric: Metric, alpha: float) -> str:
    data = metric.with_unit(v.estimate) if v.n else "no pair"
    if v.n < MIN_SEEDS:
        return f"{data}, {v.n} paired seeds"
    low, high = metric.interval(v.low, v.high)
    data += f", {v.interval} {low} to {high}, {v.n} paired seeds"
    if v.by == "plan":
        return data
    p = v.p_equivalent_adjusted if v.label == "equivalent" else v.p_adjusted
    return f"{data}, adjusted {p_text(p or 0.0, alpha)}"


def interval_name(level: float) -> str:
    """Name the interval of a plan, which holds at all its looks together: 'repeated 96 % interval'."""
    return f"repeated {100 * level:.4g} % interval"


@dataclass(frozen=True)
class Failures:
    """How many of ``n`` runs of a candidate and of its reference came to no score, with exact 95 % intervals."""

    candidate: int
    reference: int
    n: int

    def interval(self, failed: int) -> tuple[float, float]:
        """Return the exact (Clopper-Pearson) 95 % interval of a rate of failure, as shares."""
        found = st.binomtest(failed, self.n).proportion_ci(0.95, method="exact")
        return float(found.low), float(found.high)

    def sentence(self) -> str:
        """Say it with the candidate's interval: '3 of 6 runs fail (exact 95 % interval 12 to 88 %), 0 of 6 of ...'."""
        low, high = self.interval(self.candidate)
        return (
            f"{self.candidate} of {self.n} runs fail (exact 95 % interval {100 * low:.0f} to {100 * high:.0f} %), "
            f"{self.reference} of {self.n} of what it is compared with"
        )

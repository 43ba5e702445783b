"""What a plan is expected to show: the noise there is, the seeds that takes, and how often true gains are found."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from results.analysis.boundaries import boundaries
from results.analysis.corrections import FIRST_PLAN
from results.analysis.evidence import Evidence
from results.analysis.forecast import Forecast, forecast
from results.analysis.looks import Pair
from results.analysis.noise import difference_sd
from results.analysis.plans import Plan, examples_of
from results.analysis.sequential import Design
from results.analysis.verdicts import measured_sd
from results.metric import Metric

MOST = 24  # seeds of a plan where nothing else is said: beyond them each costs more than it shows
LEAST = 6  # nor fewer than these
UNKNOWN = 12  # where nothing is known of the noise


@dataclass(frozen=True)
class Noise:
    """The standard deviation of a paired difference and, in words, where it comes from; None where nothing is known."""

    sd: float | None
    source: str


def noise_of(evidence: Evidence, fixed: Mapping[str, Any] | None = None) -> Noise:
    """Return how far paired differences vary: pooled from the baseline's seeds and from pairs judged before.

    Of an ablation with ``fixed`` settings runs with other ones say nothing: it is assumed, or not known.
    """
    floor = None if fixed else evidence.final_floor
    alike = [] if fixed else [*evidence.verdicts("confirm"), *evidence.verdicts("ablation")]
    sd, source = difference_sd(evidence.metric, floor, evidence.meta.dataset.test_examples, measured_sd(alike))
    return Noise(sd, source)


def rounds_wanted(margin: float | None, sd: float | None, pairs: int, least: int = LEAST) -> int:
    """Return how many seeds find a gain of the margin with some 90 % probability: from ``least`` to MOST."""
    if margin is None or not sd:
        return UNKNOWN
    z = 2.1 + 0.15 * math.log2(pairs) + 1.3  # the last boundary, and 90 %
    return int(min(max(math.ceil((z * sd / margin) ** 2), least), MOST))


def per_round(pairs: Sequence[Pair]) -> int:
    """Return how many runs a round of these pairs takes."""
    return len({name for p in pairs for name in p.key})


def foresee(evidence: Evidence, plan: Plan, sd: float | None) -> list[Forecast]:
    """Return what the plan shows of no gain and of one, two and four margins, as far as the noise is known."""
    if sd is None:
        return []
    design = plan.design(examples_of(evidence.baselines))
    if plan.claim == "population":  # the examples' part is left out
        design = replace(design, boundaries=boundaries(len(plan.pairs), design.rounds, plan.alpha, False))
    found = forecast(design, sd, effects_shown(evidence.metric, plan.margin, sd))
    more = per_round(plan.pairs) - len(plan.pairs) - 1  # references beside the one that a forecast counts
    return [replace(f, trainings=f.trainings + more * f.rounds) for f in found]


def effects_shown(metric: Metric, margin: float | None, sd: float) -> list[float]:
    """Return the true gains whose detection is told: none, and one, two and four margins (else halves of the noise)."""
    unit = margin or metric.margin or sd / 2
    return [0.0, unit, 2 * unit, 4 * unit]


def expected(metric: Metric, noise: Noise) -> tuple[int, list[Forecast]]:
    """Return (rounds, forecasts) of a first plan of one candidate; no forecasts where the noise is not known."""
    rounds = rounds_wanted(metric.margin, noise.sd, 1)
    if noise.sd is None:
        return rounds, []
    design = Design(rounds, boundaries(1, rounds, FIRST_PLAN), metric.margin)
    return rounds, forecast(design, noise.sd, effects_shown(metric, metric.margin, noise.sd))

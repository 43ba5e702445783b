"""``auto``, without its command line: what a budget pays for, how it is split, and what that can show. No I/O.

Costs are in trainings of the baseline's length, by the clock. benchmarks.split argues the rule; docs/auto.md shows it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from results.analysis.boundaries import boundaries
from results.analysis.corrections import FIRST_PLAN
from results.analysis.evidence import Evidence
from results.analysis.forecast import Forecast, forecast
from results.analysis.looks import Pair
from results.analysis.paired import MIN_SEEDS
from results.analysis.sequential import Design
from results.formatting import duration, plural
from results.metric import Metric
from study.planning.expect import Noise, effects_shown, rounds_wanted
from study.planning.plan import RACE, RACING, Size, cost_of, sized
from study.planning.words import found_in, varying

SEEDS = 6  # of the baseline; all but the first, which is the sweep's, are the confirmation's references
MOST_TRIALS = 640  # that a budget brings by itself: benchmarks.split has simulated no more
TRIAL_COST = 0.243  # of a training of the baseline's length, as the committed sweep of 50 trials took by halving
FULL_COST = 1.0  # without halving
OVERHEAD = 0.15  # seconds of a training, or trial, that are not training
LEAST_TRIALS = 5
FEW_COST = 0.4  # of so few trials, that halving has less to go by
LEAST_ROUNDS = 4  # of a confirmation that is planned; MIN_SEEDS may have to do
TOPS = ((140, 5), (50, 3), (0, 1))  # from so many trainings on, so many candidates
LARGEST = 0.5  # share that a confirmation may take for gains of two margins, where these are hard to find
KEPT = 0.15  # share kept for the ablation, where that pays for MIN_SEEDS seeds of CHANGES changes and the winner
CHANGES = 4
RAY, HERE = 12.0, 3.0  # seconds that an executor takes to start and to end, beside its trainings
IMPORTS, END = 3.0, 8.0  # seconds before the first stage, and for the page and the last words
GRID = (0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6)  # gains, in standard deviations, of which the least one found is told


@dataclass(frozen=True)
class Costs:
    """What a training of the baseline takes, ``at_once`` of them side by side; ``trial``: of a sweep, in trainings."""

    seconds: float
    at_once: int
    trial: float

    @classmethod
    def of(cls, seconds: float, at_once: int, scheduler: str, trials_at_once: int) -> Costs:
        """Return what they are by the sweep's scheduler, of which ``trials_at_once`` go side by side."""
        share = TRIAL_COST if scheduler == "asha" else FULL_COST
        whole = (seconds + OVERHEAD) / at_once
        return cls(seconds, at_once, (share * seconds + OVERHEAD) / trials_at_once / whole)

    @property
    def each(self) -> float:
        """Seconds by the clock."""
        return (self.seconds + OVERHEAD) / self.at_once

    def trainings(self, seconds: float) -> float:
        """Return how many trainings so many seconds pay for."""
        return max(0.0, seconds) / self.each


@dataclass(frozen=True)
class Split:
    """How what is left is spent: ``trials`` of the sweep, ``top`` candidates; in trainings what each is to take."""

    trials: int
    top: int
    sweep: float
    confirm: float
    kept: float  # for the ablation


def split(left: float, noise: float | None, trial_cost: float = TRIAL_COST, most: int | None = None) -> Split | None:
    """Split ``left`` trainings; ``noise``: of paired differences, in margins; ``most``: trials that were asked for.

    The confirmation is to find a gain of two margins with 90 % probability, by a race, if half of what is left pays for
    that. The ablation has KEPT, where that is enough to begin with, and what the confirmation does not need. The sweep
    has the rest. None where LEAST_TRIALS trials and MIN_SEEDS seeds of a candidate are too much.
    """
    top = next(top for least, top in TOPS if left >= least)
    wanted = LEAST_ROUNDS if noise is None else rounds_wanted(2.0, noise, top, LEAST_ROUNDS)
    racing = cost_of(_pairs(top), wanted, RACE if top >= RACING else ())
    need = max(LEAST_ROUNDS * (top + 1), min(racing, LARGEST * left))
    least = LEAST_TRIALS * max(FEW_COST, trial_cost)
    kept = KEPT * left if KEPT * left >= MIN_SEEDS * (CHANGES + 1) else 0.0
    confirm = max(MIN_SEEDS * (top + 1), min(need, left - least))
    if left - confirm < least:
        return None
    trials = min(most or MOST_TRIALS, max(LEAST_TRIALS, int((left - confirm - kept) / trial_cost)))
    sweep = trials * trial_cost
    return Split(trials, top, sweep, confirm, kept)


def _pairs(top: int) -> list[Pair]:
    """Return as many comparisons with one baseline."""
    return [Pair(str(i), "", ()) for i in range(top)]


def least(costs: Costs, done: int = 0) -> float:
    """Return the seconds of the least budget: four seeds, LEAST_TRIALS trials, MIN_SEEDS seeds of a candidate.

    ``done``: of these seeds that are recorded. All of it in the executor that is slower to start.
    """
    trainings = max(0, 1 + MIN_SEEDS - done) + LEAST_TRIALS * max(FEW_COST, costs.trial) + 2 * MIN_SEEDS
    return IMPORTS + END + 2 * HERE + RAY + trainings * costs.each


def seeds_for(left: float) -> int:
    """Return how many seeds the baseline gets of ``left`` trainings: fewer than SEEDS where these are a third of it."""
    return SEEDS if left >= 3 * SEEDS else 1 + MIN_SEEDS


# -- words -------------------------------------------------------------------------------------------------------------


def unknown(budget: float) -> str:
    """Say that nothing can be said yet."""
    return (
        f"Budget {duration(budget)}. What a training costs here and how far seeds differ is not recorded yet: the "
        "baseline comes first, and then it is said what the rest can show."
    )


def planned_design(s: Split, metric: Metric, noise: Noise) -> Design:
    """Return the design of the confirmation that a split pays for."""
    wanted = rounds_wanted(metric.margin, noise.sd, s.top)
    rounds, halving = sized(_pairs(s.top), Size(budget=1.0), wanted, math.ceil(s.confirm), True)
    return Design(rounds, boundaries(s.top, rounds, FIRST_PLAN), metric.margin, halving=halving)


def told(s: Split, costs: Costs, left: float, evidence: Evidence, noise: Noise) -> list[str]:
    """Say how ``left`` seconds are split and what that can and cannot show, in three lines."""
    metric = evidence.metric
    side = f", {costs.at_once} at a time" if costs.at_once > 1 else ""
    design = planned_design(s, metric, noise)
    lines = [
        f"{duration(left)} are left for about {costs.trainings(left):.0f} trainings of the baseline's length "
        f"({duration(costs.seconds)} each{side}).",
        f"Split: a sweep of {plural(s.trials, 'trial')}, about {duration(s.sweep * costs.each)}; then confirm of "
        f"{'the best' if s.top == 1 else f'the best {s.top}'} with about {design.rounds} seeds each, at most "
        f"{duration(s.confirm * costs.each)}; what is left goes into the ablation"
        + (f", {duration(s.kept * costs.each)} at least." if s.kept else "."),
    ]
    if noise.sd is None:
        return [*lines, "What that can show is not known: how far seeds differ is not."]
    sd = noise.sd
    found = forecast(design, sd, effects_shown(metric, metric.margin, sd))
    text = f"That finds a true gain of {found_in(found, metric)} of cases"
    if (half := half_found(forecast(design, sd, [sd * x for x in GRID]))) is not None:
        text += f"; one smaller than {metric.with_unit(half)} it misses more often than not"
    return [*lines, f"{text} ({varying(noise, metric)})."]


def half_found(forecasts: Sequence[Forecast]) -> float | None:
    """Return the gain that is found in half of all cases, between those of a rising grid; None where it is beyond."""
    before = (0.0, 0.0)
    for f in forecasts:
        if f.found >= 0.5:
            share = (0.5 - before[1]) / (f.found - before[1])
            return before[0] + share * (f.effect - before[0])
        before = f.effect, f.found
    return None

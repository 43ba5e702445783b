"""What a command says of noise: what its runs can show before they start, and the noise floor once they are there."""

from __future__ import annotations

import math

from results.analysis.evidence import Evidence
from results.analysis.luck import RARE, lead_by_luck
from results.analysis.noise import UNMEASURED, assumed_sd
from results.analysis.paired import MIN_SEEDS
from results.formatting import plural
from results.store import Study
from study.planning.expect import expected, noise_of
from study.planning.words import found_in


def before_baseline(seeds: int) -> str:
    """Say what a baseline of ``seeds`` seeds is for; what a plan finds with their noise is said after them."""
    if seeds < 2:
        return "One seed shows nothing of the noise: no difference to it can be called real. --seeds 6 measures it."
    few = "very roughly; 6 are a start" if seeds < MIN_SEEDS else "by which later comparisons are planned"
    return f"These {seeds} seeds measure how far runs of one config lie apart, {few}."


def before_sweep(evidence: Evidence, trials: int) -> str:
    """Say what a sweep of ``trials`` single runs cannot show, what luck alone would make of them, and what would."""
    text = "A sweep gives no verdicts, one run per config can reach none: "
    luck = by_luck(evidence, trials)
    if not luck:
        return (
            f"{text}how far runs differ over seeds is not known yet ({UNMEASURED}), and the best of "
            f"{plural(trials, 'unchanged config')} would seem better than the baseline by luck alone. 'confirm' tells."
        )
    return f"{text}{luck} {confirming(evidence)}".rstrip()


def confirming(evidence: Evidence) -> str:
    """Say what a plan of one candidate is expected to find; empty where the noise is not known."""
    metric, noise = evidence.metric, noise_of(evidence)
    rounds, forecasts = expected(metric, noise)
    if noise.sd is None or not forecasts:
        return ""
    return (
        f"'confirm' of one candidate, by a plan of at most {rounds} seeds, finds a true difference of "
        f"{found_in(forecasts, metric)} of cases, with {forecasts[2].trainings:.0f} trainings on average at "
        f"{metric.difference(forecasts[2].effect)} (paired differences vary by "
        f"{metric.difference(noise.sd, signed=False)}, {noise.source})."
    )


def by_luck(evidence: Evidence, trials: int) -> str:
    """Say how far luck alone takes the best of ``trials`` unchanged configs; empty where the noise is not known."""
    data, floor, metric = evidence.meta.dataset, evidence.validation_floor, evidence.metric
    if floor is not None and floor.varies:
        sd, seeds, freedom = floor.sd, floor.n, floor.n - 1.0
        source, beside = f"from {floor.n} baseline seeds", "the baseline's mean"
    else:
        tenth = None if data.train_examples is None else max(1, data.train_examples // 10)  # what validates
        assumed = assumed_sd(metric, tenth) if floor is None else None
        if assumed is None:
            return ""
        sd, seeds, freedom = assumed, 1, math.inf
        source, beside = "assumed", "one run of the baseline"
    half, rare = (sd * lead_by_luck(share, trials, seeds, freedom) for share in (1 / 2, 1 / RARE))
    return (
        f"by luck alone the best of {plural(trials, 'unchanged config')} would lie at least "
        f"{metric.with_unit(half, signed=False)} of {metric.what('validation')} "
        f"{'above' if metric.goal == 'max' else 'below'} {beside} in half of all such sweeps, and at least "
        f"{metric.with_unit(rare, signed=False, short=True)} in 1 of {RARE} (standard deviation over seeds "
        f"{metric.difference(sd, signed=False)}, {source})."
    )


def record_floor(study: Study) -> list[str]:
    """Keep the baseline's noise floors, on test and on validation, in study.json, and return them in words."""
    evidence = Evidence.of(study)
    floor, validation = evidence.final_floor, evidence.validation_floor
    if floor is None:
        return []
    study.meta.noise = floor.as_dict() | {"validation": validation.as_dict() if validation else None}
    study.save_meta()
    if not floor.varies:
        return [f"All {floor.n} seeds gave the same result: does the seed reach the training (run.seed, {{seed}})?"]
    beside = validation.sentences()[-1:] if validation and floor is not validation else []  # a sweep goes by validation
    return floor.sentences() + beside

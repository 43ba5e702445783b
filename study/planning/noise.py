"""What a command says of noise: what its runs can show before they start, and the noise floor once they are there."""

from __future__ import annotations

import math

from results.analysis.evidence import Evidence
from results.analysis.luck import RARE, lead_by_luck
from results.analysis.noise import assumed_sd, difference_sd
from results.analysis.paired import MIN_SEEDS, MOST_SEEDS
from results.analysis.power import UNMEASURED, power_analysis
from results.formatting import plural
from results.store import Study

CONFIRM_SEEDS = 6  # what confirm takes where nothing is said


def before_baseline(evidence: Evidence, seeds: int) -> list[str]:
    """Say what a baseline of ``seeds`` seeds will allow to show later."""
    if seeds < 2:
        return ["One seed shows nothing of the noise: no difference to it can be called real. --seeds 6 measures it."]
    if seeds < MIN_SEEDS:
        return [
            f"{seeds} seeds measure the noise very roughly, and no verdict can be reached with them; 6 are a start."
        ]
    metric = evidence.metric
    noise = difference_sd(metric, evidence.final_floor, evidence.meta.dataset.test_examples)
    if noise[0] is None:
        return [f"The noise of {metric.what()} is not known before; these {seeds} seeds measure it."]
    return [
        f"What one candidate on the same {seeds} seeds could show later:",
        *power_analysis(metric, seeds, 1, noise, metric.margin).sentences(),
    ]


def before_sweep(evidence: Evidence, trials: int) -> str:
    """Say what a sweep of ``trials`` single runs cannot show, what luck alone would make of them, and what would."""
    data, metric = evidence.meta.dataset, evidence.metric
    luck = by_luck(evidence, trials)
    text = "A sweep gives no verdicts, one run per config can reach none: "
    if not luck:
        return (
            f"{text}how far runs differ over seeds is not known yet ({UNMEASURED}), and the best of "
            f"{plural(trials, 'unchanged config')} would seem better than the baseline by luck alone. "
            f"'confirm --seeds {CONFIRM_SEEDS}' of the best tells."
        )
    text += luck
    noise = difference_sd(metric, evidence.final_floor, data.test_examples)
    later = power_analysis(metric, CONFIRM_SEEDS, 1, noise, metric.margin)
    if later.target is None:
        return text
    one = later.needed[later.target]
    target = metric.amount(later.target, short=True)
    return (
        f"{text} 'confirm --seeds {CONFIRM_SEEDS}' of the best would find a true difference of "
        f"{metric.with_unit(later.detectable, signed=False, short=True)} with 80 % probability; {target} takes "
        f"{one if one is not None else f'more than {MOST_SEEDS}'} seeds."
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

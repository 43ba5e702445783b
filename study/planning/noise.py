"""What a command says of noise: what its runs can show before they start, and the noise floor once they are there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from results.analysis.evidence import Evidence
from results.analysis.luck import RARE, lead_by_luck
from results.analysis.noise import assumed_sd
from results.analysis.paired import MIN_SEEDS
from results.formatting import duration, plural
from results.store import Study
from study.planning.expect import expected, noise_of
from study.planning.words import found_in, varying


def before_baseline(those: range, lacking: int, config: Mapping[str, Any], seconds: float | None) -> list[str]:
    """Say what a baseline of ``those`` seeds trains, when it ends, what it shows and what it costs.

    ``lacking``: how many of them are to be trained; ``seconds``: of all of these, None where that is not known.
    """
    seeds = len(those)
    which = f"seed {those[0]}" if seeds == 1 else f"{seeds} seeds ({those[0]} to {those[-1]})"
    epochs = config.get("epochs")
    ends = f"after {plural(epochs, 'epoch')} each" if isinstance(epochs, int) else "when each training ends by itself"
    shows = "a score to compare with, but not how far it differs from seed to seed: that takes six seeds"
    if seeds > 1:
        few = ", very roughly" if seeds < MIN_SEEDS else ""
        shows = f"how far runs of the same config differ from seed to seed, by luck alone{few}"
    time = "of unknown length, as none is recorded" if seconds is None else f"about {duration(seconds)}"
    cost = f"{plural(lacking, 'training')}, {time}" if lacking else "nothing to train, all its runs are recorded"
    done = f"; {seeds - lacking} recorded" if 0 < lacking < seeds else ""
    return [
        f"What: the baseline, which all else is compared with, with {which}.",
        f"Stops: {ends}.",
        f"Shows: {shows}.",
        f"Cost: {cost}{done}.",
    ]


def before_sweep(evidence: Evidence | None, trials: int) -> str:
    """Say what a sweep of ``trials`` single runs cannot show, and what luck alone would make of them.

    None for the evidence of a study that is not begun.
    """
    text = "Shows: candidates, and no verdict, as each trial is one run: "
    luck = "" if evidence is None else by_luck(evidence, trials)
    if luck:
        return f"{text}{luck}"
    return (
        f"{text}how far runs differ from seed to seed is not known yet, and the best of "
        f"{plural(trials, 'unchanged config')} would seem better than the baseline by luck alone."
    )


def confirming(evidence: Evidence) -> str:
    """Say what a plan of one candidate is expected to find; empty where the noise is not known."""
    metric, noise = evidence.metric, noise_of(evidence)
    rounds, forecasts = expected(metric, noise)
    if noise.sd is None or not forecasts:
        return ""
    return (
        f"With this noise a verdict on one candidate, from at most {rounds} seeds, finds a true gain of "
        f"{found_in(forecasts, metric)} of cases ({varying(noise, metric)})."
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

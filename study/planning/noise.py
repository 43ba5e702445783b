"""What a command says of noise: what its runs can show before they start, and the noise floor once they are there."""

from __future__ import annotations

from collections.abc import Sequence

from results.analysis.noise import NoiseFloor, assumed_sd, difference_sd, noise_floor
from results.analysis.paired import MIN_SEEDS, MOST_SEEDS
from results.analysis.power import TARGET, plan
from results.analysis.scores import baseline_runs, luckiest
from results.formatting import points
from results.record import Record
from results.store import Study, StudyMeta

CONFIRM_SEEDS = 6  # what confirm takes where nothing is said


def baseline_floor(records: Sequence[Record], meta: StudyMeta) -> NoiseFloor | None:
    """Return the noise floor of the study's baseline on test, or None below two seeds."""
    return noise_floor(baseline_runs(records, meta))


def validation_floor(records: Sequence[Record], meta: StudyMeta) -> NoiseFloor | None:
    """Return the same on validation, by which trials are compared."""
    return noise_floor(baseline_runs(records, meta), "val_accuracy")


def before_baseline(records: Sequence[Record], meta: StudyMeta, seeds: int) -> list[str]:
    """Say what a baseline of ``seeds`` seeds will allow to show later."""
    if seeds < 2:
        return ["One seed shows nothing of the noise: no difference to it can be called real. --seeds 6 measures it."]
    sd, source = difference_sd(baseline_floor(records, meta), meta.dataset.test_images)
    if seeds < MIN_SEEDS:
        return [
            f"{seeds} seeds measure the noise very roughly, and no verdict can be reached with them; 6 are a start."
        ]
    return [f"What one candidate on the same {seeds} seeds could show later:", *plan(seeds, 1, sd, source).sentences()]


def before_sweep(records: Sequence[Record], meta: StudyMeta, trials: int) -> str:
    """Say what a sweep of ``trials`` single runs cannot show, what luck alone would make of them, and what would."""
    images = meta.dataset.test_images
    floor = validation_floor(records, meta)
    sd = assumed_sd(max(1, meta.dataset.train_images // 10)) if floor is None else floor.sd  # a tenth validates
    source = "assumed" if floor is None else f"from {floor.n} baseline seeds"
    later = plan(CONFIRM_SEEDS, 1, *difference_sd(baseline_floor(records, meta), images))
    one = later.needed[TARGET]
    return (
        f"A sweep gives no verdicts, one run per config can reach none: with a spread of {points(sd, signed=False)} "
        f"points of validation accuracy over seeds ({source}), the best of {trials} configs all equal to the baseline "
        f"is expected {points(luckiest(trials) * sd)} points above the baseline's mean by luck alone. 'confirm --seeds "
        f"{CONFIRM_SEEDS}' of the best would find a true difference of {points(later.detectable, signed=False)} points "
        f"with 80 % probability; one point takes {one if one is not None else f'more than {MOST_SEEDS}'} seeds."
    )


def record_floor(study: Study) -> list[str]:
    """Keep the baseline's noise floors, on test and on validation, in study.json, and return them in words."""
    floor = baseline_floor(study.records(), study.meta)
    if floor is None:
        return []
    validation = validation_floor(study.records(), study.meta)
    study.meta.noise = floor.as_dict() | {"validation": validation.as_dict() if validation else None}
    study.save_meta()
    beside = validation.sentences()[-1:] if validation else []  # a sweep goes by validation
    return floor.sentences() + beside

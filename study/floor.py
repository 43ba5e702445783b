"""What a command says of noise: what its runs can show before they start, and the noise floor once they are there."""

from __future__ import annotations

from collections.abc import Sequence

from results.compare import baseline_runs, luckiest
from results.noise import NoiseFloor, assumed_sd, difference_sd, noise_floor
from results.power import plan
from results.record import Record
from results.stats import MIN_SEEDS, points
from results.store import Study, StudyMeta


def baseline_floor(records: Sequence[Record], meta: StudyMeta) -> NoiseFloor | None:
    """Return the noise floor of the study's baseline, or None below two seeds."""
    return noise_floor(baseline_runs(records, meta))


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
    """Say what single runs can show: which of their differences is luck."""
    floor = baseline_floor(records, meta)
    images = max(1, meta.dataset.train_images // 10)  # a validation split of about a tenth
    sd = assumed_sd(images) if floor is None else floor.sd
    source = "assumed" if floor is None else f"from {floor.n} baseline seeds, on test"
    return (
        f"A sweep gives no verdicts: with a spread of {points(sd, signed=False)} points over seeds ({source}), the "
        f"best of {trials} configs all equal to the baseline is expected {points(luckiest(trials) * sd)} points "
        "above it by luck alone. 'confirm' tells luck from gain."
    )


def record_floor(study: Study) -> list[str]:
    """Keep the baseline's noise floor in study.json, and return it in words."""
    floor = baseline_floor(study.records(), study.meta)
    if floor is None:
        return []
    study.meta.noise = floor.as_dict()
    study.save_meta()
    return floor.sentences()

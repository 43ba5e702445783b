"""What a command says of noise: what its runs can show before they start, and the noise floor once they are there."""

from __future__ import annotations

from results.analysis.evidence import Evidence
from results.analysis.noise import assumed_sd, difference_sd
from results.analysis.paired import MIN_SEEDS, MOST_SEEDS
from results.analysis.power import TARGET, power_analysis
from results.analysis.scores import expected_maximum
from results.formatting import points
from results.store import Study

CONFIRM_SEEDS = 6  # what confirm takes where nothing is said


def before_baseline(evidence: Evidence, seeds: int) -> list[str]:
    """Say what a baseline of ``seeds`` seeds will allow to show later."""
    if seeds < 2:
        return ["One seed shows nothing of the noise: no difference to it can be called real. --seeds 6 measures it."]
    sd, source = difference_sd(evidence.test_floor, evidence.meta.dataset.test_examples)
    if seeds < MIN_SEEDS:
        return [
            f"{seeds} seeds measure the noise very roughly, and no verdict can be reached with them; 6 are a start."
        ]
    return [
        f"What one candidate on the same {seeds} seeds could show later:",
        *power_analysis(seeds, 1, sd, source).sentences(),
    ]


def before_sweep(evidence: Evidence, trials: int) -> str:
    """Say what a sweep of ``trials`` single runs cannot show, what chance alone would make of them, and what would."""
    data, floor = evidence.meta.dataset, evidence.validation_floor
    sd = assumed_sd(max(1, data.train_examples // 10)) if floor is None else floor.sd  # a tenth validates
    source = "assumed" if floor is None else f"from {floor.n} baseline seeds"
    later = power_analysis(CONFIRM_SEEDS, 1, *difference_sd(evidence.test_floor, data.test_examples))
    one, chance = later.needed[TARGET], expected_maximum(trials) * sd
    return (
        "A sweep gives no verdicts, one run per config can reach none: with a standard deviation of "
        f"{points(sd, signed=False)} percentage points of validation accuracy over seeds ({source}), the best of "
        f"{trials} configs all equal to the baseline is expected {points(chance)} points above the baseline's mean by "
        f"luck alone. 'confirm --seeds {CONFIRM_SEEDS}' of the best would find a true difference of "
        f"{points(later.detectable, signed=False)} points with 80 % probability; one point takes "
        f"{one if one is not None else f'more than {MOST_SEEDS}'} seeds."
    )


def record_floor(study: Study) -> list[str]:
    """Keep the baseline's noise floors, on test and on validation, in study.json, and return them in words."""
    evidence = Evidence.of(study)
    floor, validation = evidence.test_floor, evidence.validation_floor
    if floor is None:
        return []
    study.meta.noise = floor.as_dict() | {"validation": validation.as_dict() if validation else None}
    study.save_meta()
    beside = validation.sentences()[-1:] if validation else []  # a sweep goes by validation
    return floor.sentences() + beside

"""What is next in a study, from an empty one to one in which nothing is left to decide."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from results.analysis.evidence import Evidence
from results.analysis.looks import Pair
from results.commands import command
from results.config import config_hash
from results.meta import Auto, Script
from results.record import Record
from results.store import Study
from study.cli.main import parser_for
from study.planning.next_step import by_hand, next_step
from study.planning.step import Step, given_command
from tests.support.planned import SHARE, add_plan, carry, made, planned_study, start
from tests.support.runs import BASE, SWEEP_SEED, meta


def study_of(path: Path, *records: Record, **about: Any) -> Evidence:
    study = Study.create(path / "study", meta(SHARE, **about))
    for record in records:
        study.append(record)
    return Evidence.of(study)


def baselines(count: int, first: int = 504, status: str = "complete") -> list[Record]:
    runs = [made(dict(BASE), first + i, 0.0, 0.002, SHARE, "baseline", status=status) for i in range(count)]
    return [r.model_copy(update={"seconds": 60.0}) for r in runs]


def trial(number: int, gain: float = 0.05, status: str = "complete") -> Record:
    run = made(BASE | {"width": 16 + number}, 504, gain, 0.002, SHARE, "sweep", trial=number, status=status)
    return run.model_copy(update={"seconds": 30.0})


def told(step: Step) -> str:
    return " ".join([step.name, *step.words])


def sweep_of(trials: int, **more: Any) -> dict[str, Any]:
    return {"space": "mine", "sampler": "tpe", "scheduler": "none", "seed": 504, "trials": trials, **more}


def test_a_study_without_a_run_begins_with_its_baseline(tmp_path: Path) -> None:
    step = next_step(study_of(tmp_path))
    assert (told(step), step.trainings, step.seconds) == ("baseline", 1, None)
    assert step.cost == "1 training, of unknown length"


@pytest.mark.parametrize(
    ("seeds", "words", "trainings"),
    [
        (1, "baseline --seeds 6", 5),
        (2, "baseline --seeds 6", 4),
        (5, "baseline --seeds 6", 1),
        (6, "sweep --trials 50", 50),
    ],
)
def test_seeds_of_a_baseline_until_its_noise_is_known(tmp_path: Path, seeds: int, words: str, trainings: int) -> None:
    step = next_step(study_of(tmp_path, *baselines(seeds)))
    assert (told(step), step.trainings) == (words, trainings)
    assert step.seconds == pytest.approx(60 * trainings * (0.243 if seeds == 6 else 1))


def test_other_first_seeds_are_gone_on_with(tmp_path: Path) -> None:
    assert told(next_step(study_of(tmp_path, *baselines(1, first=3)))) == "baseline --seed 3 --seeds 6"


def test_six_seeds_of_which_some_failed_do_not_ask_for_six_seeds(tmp_path: Path) -> None:
    lost = baselines(3, 507, status="failed")
    assert told(next_step(study_of(tmp_path / "a", *baselines(3), *lost))) == "sweep --trials 50"
    lost = baselines(5, 505, status="failed")
    step = next_step(study_of(tmp_path / "b", *baselines(1), *lost))
    assert step.name == "report" and "5 of 6 seeds of the baseline failed (ValueError: lost; 5 times)" in step.why


def test_a_baseline_without_a_score_says_its_error(tmp_path: Path) -> None:
    step = next_step(study_of(tmp_path, *baselines(1, status="failed")))
    assert told(step) == "baseline" and "came to a score (ValueError: lost)" in step.why


def test_more_side_by_side_takes_less_time(tmp_path: Path) -> None:
    evidence = study_of(tmp_path, *baselines(1))
    assert next_step(evidence, lambda count, seconds: 2).seconds == pytest.approx(180)


def test_a_sweep_goes_on_until_it_has_its_trials(tmp_path: Path) -> None:
    trials = [trial(i) for i in range(3)]
    step = next_step(study_of(tmp_path / "a", *baselines(1), *trials, sweep=sweep_of(10)))
    assert (told(step), step.trainings, step.seconds) == ("sweep", 7, pytest.approx(210))
    assert told(next_step(study_of(tmp_path / "b", *baselines(1), *trials, sweep=sweep_of(3)))) == "confirm --top 1"
    whole = sweep_of(10, exhausted=True)
    assert told(next_step(study_of(tmp_path / "c", *baselines(1), *trials, sweep=whole))) == "confirm --top 1"


def test_a_sweep_in_which_nothing_leads_goes_on(tmp_path: Path) -> None:
    behind = [trial(i, -0.1) for i in range(4)]
    step = next_step(study_of(tmp_path / "a", *baselines(1), *behind, sweep=sweep_of(4)))
    assert told(step) == "sweep --trials 8" and "no trial lies ahead" in step.why
    step = next_step(study_of(tmp_path / "b", *baselines(1), *behind, sweep=sweep_of(4, exhausted=True)))
    assert step.name == "report" and not step.trainings


def test_a_sweep_that_failed_says_the_commonest_error(tmp_path: Path) -> None:
    failed = [trial(i, status="failed") for i in range(2)]
    step = next_step(study_of(tmp_path, *baselines(1), *failed, sweep=sweep_of(2)))
    assert step.name == "report" and "2 of 2 trials failed (ValueError: lost; 2 times)" in step.why


def test_a_confirmation_costs_both_sides_of_each_seed_at_most(tmp_path: Path) -> None:
    step = next_step(study_of(tmp_path, *baselines(1), trial(0), sweep=sweep_of(1)))
    assert step.most and step.trainings % 2 == 0 and step.cost.startswith(f"at most {step.trainings} trainings, about ")


def test_a_plan_under_way_goes_on(tmp_path: Path) -> None:
    step = next_step(Evidence.of(planned_study(tmp_path / "s", effects=(0.001,), rounds=3)))
    assert told(step) == "confirm" and "after 3 seeds of at most 8" in step.why and step.trainings == 10


def test_a_winner_of_one_change_is_taken_along(tmp_path: Path) -> None:
    step = next_step(Evidence.of(planned_study(tmp_path / "s", effects=(0.05,))))
    assert step.name == "export" and step.words[0] == "--run" and not step.cost


def test_a_winner_of_two_changes_is_taken_apart(tmp_path: Path) -> None:
    study = start(tmp_path / "s")
    config = BASE | {"width": 2 * BASE["width"], "epochs": BASE["epochs"] + 1}
    study.append(made(config, SWEEP_SEED, 0.05, 0.002, SHARE, "sweep", trial=0))
    add_plan(study, [Pair(config_hash(config), config_hash(BASE), (), chosen=study.records()[-1].run_id)])
    carry(study, [BASE, config], {config_hash(config): 0.05}, {})
    step = next_step(Evidence.of(study))
    assert told(step) == "ablate --parts leave-one-out" and "2 changes" in step.why
    assert step.trainings == 3 * (step.trainings // 3)


def test_a_trial_that_leads_since_is_confirmed_before_the_winner_is_taken_along(tmp_path: Path) -> None:
    study = planned_study(tmp_path / "s", effects=(0.05,))
    first = max(r.score or 0 for r in study.records() if r.kind == "sweep")
    ahead = made(BASE | {"width": 99}, SWEEP_SEED, 0.2, 0.002, SHARE, "sweep", trial=7)
    study.append(ahead)
    assert (ahead.score or 0) > first
    assert told(next_step(Evidence.of(study))) == "confirm --further --top 1"


def test_what_is_undecided_has_a_further_plan_and_what_is_decided_has_none(tmp_path: Path) -> None:
    undecided = Evidence.of(planned_study(tmp_path / "a", effects=(0.002,), seeds=3, noise=0.01, margin=None))
    assert [j.verdict.label for j in undecided.verdicts("confirm")] == ["undecided"]
    assert told(next_step(undecided)) == "confirm --further"
    worse = Evidence.of(planned_study(tmp_path / "b", effects=(-0.05,)))
    assert told(next_step(worse)) == "sweep --trials 2"


def test_an_auto_goes_on_within_its_budget(tmp_path: Path) -> None:
    auto = Auto(budget=7200, used=3600, stage="sweep")
    evidence = study_of(tmp_path / "a", *baselines(1), auto=auto)
    assert told(next_step(evidence)) == "auto" and told(by_hand(evidence)) == "baseline --seeds 6"
    used = study_of(tmp_path / "b", *baselines(1), auto=auto.model_copy(update={"used": 7190.0}))
    assert told(next_step(used)) == "baseline --seeds 6"


def test_a_command_without_a_seed_is_asked_for_no_verdict(tmp_path: Path) -> None:
    script = {"script": Script(template="python train.py --width {width}")}
    assert told(next_step(study_of(tmp_path / "a", *baselines(1), **script))) == "sweep --trials 50"
    step = next_step(study_of(tmp_path / "b", *baselines(1), trial(0), sweep=sweep_of(1), **script))
    assert step.name == "report" and "{seed}" in step.why


def test_its_command_parses_and_names_its_study(tmp_path: Path) -> None:
    evidence = study_of(tmp_path, *baselines(1))
    written = given_command(next_step(evidence), tmp_path / "study", evidence.meta)
    assert written.startswith("python -m study.run baseline --study ") and "--seeds 6" in written
    words = written.split()[3:]
    assert parser_for("baseline").parse_args(words).seeds == 6
    assert command("report", "runs/x") == "python -m study.run report --study runs/x"


def test_a_step_is_said_with_its_cost() -> None:
    step = Step("baseline", (), "measure the noise", 5, 10500.0)
    assert step.sentence == "measure the noise (5 trainings, about 2 h 55 min)"
    assert replace(step, trainings=0).sentence == "measure the noise"


def test_a_file_that_is_to_be_mended_is_given_again(tmp_path: Path) -> None:
    study = Study.create(tmp_path / "study", meta(SHARE).model_copy(update={"trainable": "mine.py"}))
    for record in baselines(1, status="failed"):
        study.append(record)
    assert told(next_step(Evidence.of(study))) == "baseline --trainable mine.py"

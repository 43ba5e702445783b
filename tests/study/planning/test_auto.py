"""How a budget is split: nothing is spent twice, too little is refused, and the numbers follow the simulation."""

from __future__ import annotations

import json

import pytest

from results.analysis.forecast import Forecast
from results.analysis.paired import MIN_SEEDS
from study.planning.auto import (
    LEAST_TRIALS,
    MOST_TRIALS,
    SEEDS,
    TRIAL_COST,
    Costs,
    half_found,
    least,
    seeds_for,
    split,
)
from tests.support import ROOT


@pytest.mark.parametrize("noise", [None, 0.1, 1.0, 4.0, 50.0])
@pytest.mark.parametrize("left", [9.0, 14.0, 49.0, 51.0, 94.0, 141.0, 1000.0])
def test_a_split_spends_no_more_than_there_is(left: float, noise: float | None) -> None:
    s = split(left, noise)
    assert s is not None and s.sweep + s.confirm + s.kept <= left + 1
    assert LEAST_TRIALS <= s.trials <= MOST_TRIALS
    assert s.confirm >= MIN_SEEDS * (s.top + 1), "three seeds of each must be paid for"


def test_what_is_too_small_is_none_and_the_least_budget_is_not() -> None:
    assert split(7.9, 1.0) is None and split(8.1, 1.0) is not None
    costs = Costs.of(100.0, 1, "asha", 1)
    after = (least(costs, 0) - least(costs, 4)) / costs.each
    assert after == pytest.approx(4), "of four seeds that are there none is paid for again"


def test_more_noise_takes_from_the_sweep_and_a_bound_of_trials_holds() -> None:
    few, many = split(100, 0.5), split(100, 4.0)
    assert few is not None and many is not None and few.trials > many.trials and few.confirm < many.confirm
    bound = split(100, 0.5, most=3)
    assert bound is not None and bound.trials == 3
    assert split(10_000, 0.5, most=900).trials == 900  # type: ignore[union-attr]


def test_costs_count_what_goes_side_by_side_and_the_scheduler() -> None:
    one, two = Costs.of(100.0, 1, "asha", 1), Costs.of(100.0, 2, "asha", 2)
    assert two.trainings(1000) == pytest.approx(2 * one.trainings(1000))
    assert one.trial == pytest.approx(TRIAL_COST, rel=0.01)
    assert Costs.of(100.0, 1, "none", 1).trial == pytest.approx(1, rel=0.01)
    assert seeds_for(20) == SEEDS and seeds_for(10) == 1 + MIN_SEEDS


def test_the_gain_that_is_found_in_half_of_all_cases() -> None:
    made = [Forecast(e, f, f, 1, 1) for e, f in ((1.0, 0.1), (2.0, 0.3), (4.0, 0.7))]
    assert half_found(made) == pytest.approx(3.0)
    assert half_found(made[:2]) is None


def test_the_rule_is_near_the_best_split_that_was_simulated() -> None:
    found = json.loads((ROOT / "benchmarks/results/split.json").read_text())
    assert len(found["cells"]) == 16 and found["studies"] >= 4000
    for cell in found["cells"]:
        made = split(cell["budget"] - SEEDS, cell["noise"])
        assert made is not None and (made.trials, made.top) == (cell["rule"]["trials"], cell["rule"]["top"])
        assert cell["rule"]["gain"] >= 0.85 * cell["best"]["gain"], cell

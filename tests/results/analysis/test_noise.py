"""The noise floor against its definitions and a world whose parts are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as st

from results.analysis import noise
from results.schema1 import ACCURACY
from tests.support.runs import run

rng = np.random.default_rng(5)


def test_deviation_and_intervals_agree_with_numpy_and_scipy():
    values = np.array([0.751, 0.748, 0.756, 0.744, 0.750, 0.753])
    floor = noise.measure(values, ACCURACY)
    sd = values.std(ddof=1)
    assert floor.sd == pytest.approx(sd)
    low, high = floor.sd_low, floor.sd_high
    assert st.chi2.cdf(5 * sd**2 / low**2, 5) == pytest.approx(0.975)
    assert st.chi2.cdf(5 * sd**2 / high**2, 5) == pytest.approx(0.025)
    mean = st.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (floor.mean_low, floor.mean_high) == pytest.approx((mean.low, mean.high))


def test_single_run_threshold_holds_for_two_new_runs():
    """Two further runs of the very same config differ by more than the threshold one time in twenty."""
    runs = np.random.default_rng(1).normal(0.75, 0.004, size=(20_000, 8))
    limits = np.array([noise.measure(r, ACCURACY).single_run for r in runs[:4000, :6]])
    beyond = np.abs(runs[:4000, 6] - runs[:4000, 7]) > limits
    assert beyond.mean() == pytest.approx(0.05, abs=0.012)


def test_the_part_of_a_finite_test_set_is_found_again():
    chance = rng.beta(1.2, 0.4, 4000)
    correct = rng.random((400, 4000)) < chance  # nothing but the images' own coin flips
    floor = noise.measure(correct.mean(axis=1), ACCURACY, each=correct)
    assert floor.example_sd == pytest.approx(np.sqrt((chance * (1 - chance)).mean() / 4000), rel=0.03)
    assert floor.explained == pytest.approx(1, abs=0.15)
    assert floor.population_sd == pytest.approx(chance.std() / np.sqrt(4000), rel=0.03)
    shifted = (rng.random((400, 1)) - 0.5) * 0.1 + chance > rng.random((400, 4000))
    assert noise.measure(shifted.mean(axis=1), ACCURACY, each=shifted).explained < 0.2


def test_floor_of_records_takes_one_complete_run_per_seed():
    bits = rng.random((4, 1000)) < 0.7
    runs = [run(s, correct=b) for s, b in enumerate(bits)]
    floor = noise.noise_floor([*runs, runs[0], run(9, status="failed"), run(10, status="pruned")], "test")
    assert (floor.n, floor.seeds, floor.examples) == (4, (0, 1, 2, 3), 1000)
    assert floor.sd == pytest.approx(bits.mean(axis=1).std(ddof=1))
    assert floor.as_dict()["seeds"] == [0, 1, 2, 3]
    assert "cannot be told apart by single runs (n = 4)" in floor.sentences()[-1]
    assert noise.noise_floor(runs[:1], "test") is None
    assert noise.noise_floor(runs, "validation").example_sd is None
    with pytest.raises(ValueError, match="one config"):
        noise.noise_floor([run(1), run(2, width=9)], "test")


def test_assumed_deviation_grows_as_the_test_set_shrinks():
    assert noise.assumed_sd(ACCURACY, 10_000) == pytest.approx(0.0044, abs=0.0001)
    assert noise.assumed_sd(ACCURACY, 360) > 0.015
    sd, source = noise.difference_sd(ACCURACY, None, 10_000)
    assert "assumed" in source
    assert sd == pytest.approx(np.sqrt(2) * noise.assumed_sd(ACCURACY, 10_000))


def test_wilson():
    assert noise.wilson(0, 0) == (0.0, 1.0)
    low, high = noise.wilson(8, 10)  # Wilson's own formula: (p + z2/2n -+ z sqrt(...)) / (1 + z2/n)
    assert (low, high) == pytest.approx((0.4902, 0.9433), abs=1e-4)

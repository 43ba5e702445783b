"""The chance of luck against Student, Dunnett's test, another program's table, and simulated sweeps."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats as st

from results.analysis.luck import RARE, Luck, chance_of_luck, in_words, lead_by_luck


@pytest.mark.parametrize("seeds", [2, 3, 7, 40])
@pytest.mark.parametrize("lead", [-1.0, 0.0, 0.5, 2.0, 5.0, 30.0])
def test_of_one_trial_it_is_students_prediction_interval(lead: float, seeds: int) -> None:
    t = lead / math.sqrt(1 + 1 / seeds)
    assert chance_of_luck(lead, 1, seeds) == pytest.approx(st.t.sf(t, seeds - 1), rel=1e-8, abs=1e-15)


@pytest.mark.parametrize(
    ("lead", "tried", "seeds"),
    [(2.0, 3, 4), pytest.param(4.0415, 49, 7, marks=pytest.mark.long), (1.5, 10, 13), (9.0, 20, 3)],
)
def test_it_is_the_p_value_of_dunnetts_test_against_a_control(lead: float, tried: int, seeds: int) -> None:
    control = np.arange(seeds, dtype=float)
    control = (control - control.mean()) / control.std(ddof=1)
    found = st.dunnett(*[[lead]] * tried, control=control, alternative="greater", rng=1)
    assert chance_of_luck(lead, tried, seeds) == pytest.approx(found.pvalue[0], abs=2e-3)


@pytest.mark.parametrize(("tried", "seeds"), [(1, 2), (5, 2), (49, 7), (500, 3), (12, 30)])
def test_simulated_sweeps_of_unchanged_configs_show_as_much_as_often(tried: int, seeds: int) -> None:
    rng = np.random.default_rng(tried)
    baseline = rng.normal(75.0, 0.6, (20_000, seeds))
    best = rng.normal(75.0, 0.6, (20_000, tried)).max(axis=1)
    leads = (best - baseline.mean(axis=1)) / baseline.std(axis=1, ddof=1)
    for lead in np.quantile(leads, [0.05, 0.5, 0.9, 0.99]):
        rate = float(np.mean(leads >= lead))
        assert chance_of_luck(lead, tried, seeds) == pytest.approx(rate, abs=4 * math.sqrt(rate * (1 - rate) / 20_000))
    rare = lead_by_luck(1 / RARE, tried, seeds)
    assert np.mean(leads >= rare) == pytest.approx(1 / RARE, abs=0.007)


def test_the_lead_by_luck_is_hahns_prediction_limit() -> None:
    """predIntNormK(n = 20, n.mean = 2, k = 3, method = "exact", pi.type = "upper", conf.level = 0.99) of EnvStats (R).

    Averages of two have half the variance: in their units the mean of twenty is one of ten, with 19 degrees of freedom.
    """
    assert lead_by_luck(0.01, 3, 10, 19) / math.sqrt(2) == pytest.approx(2.251084, abs=1e-6)


def test_a_known_deviation_leaves_the_maximum_of_normals() -> None:
    """Against a mean known exactly the best of 50 has its median where F^50 is a half; against one run they are 51."""
    assert lead_by_luck(0.5, 50, 10**9, math.inf) == pytest.approx(st.norm.ppf(0.5 ** (1 / 50)), abs=1e-4)
    assert chance_of_luck(0.0, 50, 1, math.inf) == pytest.approx(50 / 51), "the largest of 51 is any of them alike"


@pytest.mark.parametrize(("tried", "seeds"), [(1, 2), (49, 2), (49, 7), (100_000, 1000)])
@pytest.mark.parametrize("chance", [0.5, 0.05, 0.001])
def test_one_is_the_others_inverse(chance: float, tried: int, seeds: int) -> None:
    assert chance_of_luck(lead_by_luck(chance, tried, seeds), tried, seeds) == pytest.approx(chance, rel=1e-6)


def test_fewer_seeds_and_more_trials_make_more_of_luck() -> None:
    by_seeds = [chance_of_luck(4.0, 49, n) for n in (3, 5, 7, 13, 100)]
    by_trials = [chance_of_luck(4.0, k, 7) for k in (1, 5, 49, 1000)]
    assert by_seeds == sorted(by_seeds, reverse=True) and by_trials == sorted(by_trials)
    assert by_seeds[0] > 0.2 and by_seeds[-1] < 0.005, "what is known of the deviation decides"


def test_the_reference_sweep_by_hand() -> None:
    """Seven baseline scores and the best of 49, as committed; simulated without this module's arithmetic."""
    scores = np.array([75.34, 74.26, 75.10, 74.02, 75.40, 74.74, 73.86])
    luck = Luck.of(77.24 - scores.mean(), scores.std(ddof=1), 49, 7)
    rng = np.random.default_rng(0)
    best = st.norm.ppf(rng.random(400_000) ** (1 / 49))
    mean, sd = rng.normal(size=400_000) / math.sqrt(7), np.sqrt(rng.chisquare(6, 400_000) / 6)
    simulated = float(np.mean(best - mean >= luck.lead / scores.std(ddof=1) * sd))
    assert luck.chance == pytest.approx(simulated, abs=0.002) and 0.09 < luck.chance < 0.11
    assert luck.words == "about 10 in 100 sweeps of 49 unchanged configs would show as much by luck alone"
    assert luck.rare > luck.lead, "rarer is farther"


@pytest.mark.parametrize(
    ("chance", "words"),
    [
        (0.0, "fewer than 1 in 1,000"), (0.00099, "fewer than 1 in 1,000"), (0.0012, "about 1 in 1,000"),
        (0.0094, "about 9 in 1,000"), (0.0096, "about 1 in 100"), (0.094, "about 9 in 100"),
        (0.5, "about 50 in 100"), (0.994, "about 99 in 100"), (0.9951, "more than 99 in 100"),
    ],
)  # fmt: skip
def test_a_chance_is_said_in_one_form(chance: float, words: str) -> None:
    assert in_words(chance) == words


@pytest.mark.parametrize(("tried", "seeds"), [(0, 5), (3, 1), (3, 0)])
def test_what_has_no_chance_is_refused(tried: int, seeds: int) -> None:
    with pytest.raises(ValueError, match="no chance of luck"):
        chance_of_luck(1.0, tried, seeds)

"""What a number of seeds can show, against simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats as st

from results.analysis import paired, power
from results.analysis.corrections import look_level
from results.schema1 import ACCURACY


def test_detectable_effect_is_found_in_eight_of_ten_simulated_studies():
    level = look_level(1) / 3
    effect = power.detectable_effect(6, 0.005, level)
    d = effect + 0.005 * np.random.default_rng(1).standard_normal((20_000, 6))
    assert (paired.t_tests(d)["p"] <= level).mean() == pytest.approx(0.8, abs=0.015)


@pytest.mark.parametrize("n", [3, 4, 5, 6, 9, 10, 12, 40])
@pytest.mark.parametrize(("comparisons", "look"), [(1, 1), (4, 1), (10, 1), (8, 2), (3, 3), (7, 3), (50, 4)])
def test_the_effect_found_with_80_per_cent_is_found_with_80_per_cent(n, comparisons, look):
    """The probability integrated over the deviations one may see, without the noncentral t, which has holes."""
    level = look_level(look) / comparisons
    effect = power.detectable_effect(n, 1.0, level)
    seen = st.chi2.ppf((np.arange(20_000) + 0.5) / 20_000, n - 1)
    critical = st.t.isf(level / 2, n - 1) * np.sqrt(seen / (n - 1))
    found = st.norm.sf(critical - effect * math.sqrt(n)) + st.norm.cdf(-critical - effect * math.sqrt(n))
    assert found.mean() == pytest.approx(0.8, abs=0.001)


def test_more_seeds_and_larger_effects_never_see_less():
    level = look_level(1) / 5
    for n in (4, 7, 20):
        by_effect = [power.power(e, n, 1.0, level) for e in np.linspace(0, 30, 200)]
        assert np.all(np.diff(by_effect) >= -1e-9)
        assert by_effect[0] == pytest.approx(level) and by_effect[-1] == pytest.approx(1)
    assert np.all(np.diff([power.power(3.5, n, 1.0, level) for n in range(3, 60)]) >= -1e-9)


@pytest.mark.parametrize("effect", [0.0, 0.002])
def test_equivalence_power_agrees_with_simulation(effect):
    level = look_level(1)
    d = effect + 0.005 * np.random.default_rng(2).standard_normal((20_000, 20))
    found = (paired.t_tests(d)["p_equivalent"] <= level).mean()
    assert power.equivalence_power(20, 0.005, paired.MARGIN, level, effect) == pytest.approx(found, abs=0.015)


def test_seeds_needed_is_the_first_that_suffices():
    n = power.seeds_needed(0.01, 0.006, 0.025)
    assert power.power(0.01, n, 0.006, 0.025) >= 0.8 > power.power(0.01, n - 1, 0.006, 0.025)
    assert power.seeds_needed(1e-6, 0.006, 0.025) is None
    m = power.seeds_for_equivalence(0.005, 0.006, 0.025)
    assert power.equivalence_power(m, 0.006, 0.005, 0.025) >= 0.8 > power.equivalence_power(m - 1, 0.006, 0.005, 0.025)
    assert power.seeds_for_equivalence(0.005, 0.006, 0.025, effect=0.005) is None


@pytest.mark.parametrize("level", [0.05, 0.025, 0.0005, 0.05 / 120 / 50])
def test_extremes_stay_numbers(level):
    for n in (3, 6, 500):
        effect = power.detectable_effect(n, 1.0, level)
        assert math.isfinite(effect)
        assert effect > 0
    assert power.detectable_effect(2, 1.0, level) == math.inf
    assert power.power(100.0, 3, 1e-9, level) == 1.0


def test_plan_says_where_no_verdict_can_be_reached():
    assert "no verdict can be reached at all" in " ".join(
        power.power_analysis(ACCURACY, 2, 1, (0.006, "given"), 0.005).sentences()
    )
    hopeless = power.power_analysis(ACCURACY, 3, 50, (0.006, "given"), 0.005)
    assert not hopeless.reachable
    said = " ".join(hopeless.sentences())
    assert "no verdict can be expected" in said
    assert f"{100 * hopeless.detectable:.2f} points would be found" in said
    wide = " ".join(power.power_analysis(ACCURACY, 6, 1, (0.06, "given"), 0.5).sentences())
    assert "neither better nor worse can be expected" in wide and "no verdict" not in wide
    six = " ".join(power.power_analysis(ACCURACY, 6, 1, (0.006, "given"), 0.005).sentences())
    assert "is found with 80 % probability" in six
    assert "Seeds needed" in six
    assert "cannot be reached" in " ".join(power.power_analysis(ACCURACY, 6, 3, (0.02, "given"), 0.005).sentences())


def test_further_seeds_would_decide_it():
    c = paired.compare([0.012, -0.002, 0.009, 0.001, 0.006, -0.003])
    more = power.further_seeds(c, look_level(2))
    assert more is not None
    reached = power.power(c.estimate, c.n + more, c.sd, look_level(2))
    equal = power.equivalence_power(c.n + more, c.sd, c.margin, look_level(2), c.estimate)
    assert max(reached, equal) >= 0.8


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("effect", "expected"), [(0.0, 1.0), (0.02, 0.0), (0.01, 0.5)])
def test_where_seeds_change_nothing_equivalence_is_certain_or_impossible(effect, expected):
    assert power.equivalence_power(5, 0.0, 0.01, 0.05, effect) == expected

"""The cost of verdicts: what is simulated is the rules it names, and the committed numbers are those of the docs."""

from __future__ import annotations

import gc
import json

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower

from benchmarks import efficiency
from benchmarks.efficiency_table import BEGIN, END, markdown, show


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def test_the_former_rule_at_one_look_is_holm_on_paired_t(rng, monkeypatch):
    monkeypatch.setattr(gc, "collect", lambda: 0)  # multipletests does it each time, for up to a second
    d = efficiency.differences((0.01, 0.0, 0.004), 40, 12, rng)
    cost, said = efficiency.former(d, begins=8, looks=1)
    assert set(cost) == {8 * 4}
    for one, verdicts in zip(d[:, :, :8], said, strict=True):
        t = stats.ttest_1samp(one, 0, axis=1)
        lower = stats.ttest_1samp(one, -efficiency.MARGIN, axis=1, alternative="greater").pvalue
        upper = stats.ttest_1samp(one, efficiency.MARGIN, axis=1, alternative="less").pvalue
        differs = multipletests(t.pvalue, 0.025, "holm")[0]
        same = multipletests(np.maximum(lower, upper), 0.025, "holm")[0]
        wanted = np.where(differs, np.sign(t.statistic), np.where(same, 2, 0))
        np.testing.assert_array_equal(verdicts, wanted)


def test_suggested_seeds_are_those_of_a_power_analysis():
    estimate, sd, have = np.array([0.004, 0.0082, 0.02]), np.full(3, 0.007), np.full(3, 6)
    more = efficiency.further(estimate, sd, have, 0.008, 80)
    needed = [TTestPower().solve_power(e / 0.007, alpha=0.008, power=0.8) for e in estimate]
    np.testing.assert_array_equal(more, np.clip(np.ceil(needed).astype(int) - 6, 1, 74))


def test_seeds_for_equivalence_show_it_four_times_in_five(rng):
    n = efficiency.for_equivalence(np.array([0.0, 0.001]), np.full(2, 0.007), 0.008)
    for size, truth in zip(n, (0.0, 0.001), strict=True):
        d = truth + 0.007 * rng.standard_normal((20_000, size))
        t = [stats.ttest_1samp(d, side * efficiency.MARGIN, axis=1).statistic * -side for side in (1, -1)]
        assert np.mean(np.minimum(*t) >= stats.t.isf(0.008, size - 1)) == pytest.approx(0.8, abs=0.03)


def test_costs_are_those_measured_before_of_the_former_rule(rng):
    """An earlier simulation, written apart: 67.8 and 22.2 trainings for one candidate at 0 and +1, of 40 seeds."""
    for effect, reference in ((0.0, 67.8), (0.01, 22.2)):
        cost, _ = efficiency.former(efficiency.differences((effect,), 2_000, 80, rng), most=40)
        assert cost.mean() == pytest.approx(reference, abs=4 * cost.std() / len(cost) ** 0.5)


def test_rounds_that_fit_a_budget():
    assert [efficiency.most_rounds(b, ()) for b in efficiency.BUDGETS] == [6, 8, 10]
    assert [efficiency.most_rounds(b, efficiency.HALVING) for b in efficiency.BUDGETS] == [8, 12, 16]
    # 3 rounds of 6, 3 of 4, then 3 each


def test_a_small_simulation_finds_less_with_less(rng):
    rows = efficiency.finding(200, rng)
    assert all(r["most"] <= r["budget"] for r in rows)
    race = [r["found"] for r in rows if r["rule"] == "planned, race"]
    assert race == sorted(race) and race[0] < race[-1]


def test_a_target_that_is_missed_is_said():
    rows = json.loads(efficiency.RESULTS.read_text())["rows"]
    assert not any(r["missed"] for r in efficiency.targets(rows))
    worse = [r | {"trainings": 2 * r["trainings"]} if r.get("rule") == "planned" and "error" in r else r for r in rows]
    missed = [r for r in efficiency.targets(worse) if r["missed"]]
    assert {(r["candidates"], r["effect"]) for r in missed} == {(1, 0.0), (1, 0.01), (5, 0.0), (5, 0.01)}
    assert all("MISSED" in show(r) for r in missed)


def test_committed_results_are_those_of_the_docs():
    rows = json.loads(efficiency.RESULTS.read_text())["rows"]
    assert efficiency.targets(rows) == [r for r in rows if r["what"] == "target"]
    page = efficiency.DOCS.read_text(encoding="utf-8")
    assert page.split(BEGIN)[1].split(END)[0].strip() == markdown(rows).strip()

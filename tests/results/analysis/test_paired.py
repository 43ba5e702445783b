"""Tests, intervals and adjustments against independent computations, and the error control they promise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats as st
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import DescrStatsW

from results.analysis import paired
from results.analysis.corrections import ALPHA, adjusted, holm, look_level
from results.analysis.paired import compare
from results.analysis.verdict import Verdict, adjust
from results.schema1 import ACCURACY


def verdict(differences: object, **options: object) -> Verdict:
    """A family of one comparison at a first look."""
    return adjust([compare(differences, **options)], ACCURACY)[0]  # type: ignore[arg-type]


D = np.array([0.011, 0.004, 0.009, 0.013, 0.006, 0.010])


def test_paired_t_agrees_with_scipy_and_statsmodels():
    c = compare(D, margin=0.008)
    test = st.ttest_1samp(D, 0)
    interval = test.confidence_interval(0.95)
    assert (c.p, c.low, c.high) == pytest.approx((test.pvalue, interval.low, interval.high))
    assert c.p_equivalent == pytest.approx(DescrStatsW(D).ttost_mean(-0.008, 0.008)[0])
    assert (c.sd, c.df) == (pytest.approx(D.std(ddof=1)), 5)


def test_looks_spend_alpha_however_many_cohorts_join():
    levels = [look_level(k) for k in range(1, 40)]
    assert levels[:4] == pytest.approx([0.025, 0.05 / 6, 0.05 / 24, 0.05 / 120])
    assert math.fsum(k * level for k, level in enumerate(levels, 1)) == pytest.approx(ALPHA)
    with pytest.raises(ValueError, match="numbered from 1"):
        look_level(0)


def test_adjusted_p_is_holm_times_the_look():
    p = [0.004, 0.001, 0.03]
    by_hand = [0.008, 0.003, 0.03]  # 0.001 x 3, then 0.004 x 2, then 0.03 x 1
    assert np.array_equal(holm(p), multipletests(p, method="holm")[1]) and len(holm([])) == 0
    assert adjusted(p, 1) == pytest.approx([2 * x for x in by_hand])
    assert adjusted(p, 3) == pytest.approx([min(1, 24 * x) for x in by_hand])


@pytest.mark.parametrize(
    ("differences", "label"),
    [
        ([0.010, 0.012, 0.011, 0.009, 0.013, 0.012], "better"),
        ([-0.010, -0.012, -0.011, -0.009, -0.013, -0.012], "worse"),
        ([0.0001, -0.0002, 0.0003, -0.0001, 0.0002, -0.0003], "equivalent"),
        ([0.02, -0.01, 0.015, -0.02, 0.01, 0.003], "undecided"),
        ([0.02, 0.02], "undecided"),
        ([], "undecided"),
    ],
)
def test_labels(differences, label):
    v = verdict(differences, examples=10_000)
    assert v.label == label
    assert v.sentence.startswith(label)


def test_a_difference_smaller_than_the_margin_can_be_both_and_says_so():
    v = verdict([0.0020, 0.0021, 0.0019, 0.0020, 0.0022, 0.0018], examples=10_000)
    assert v.label == "better"
    assert "by less than the margin" in v.sentence


def test_more_comparisons_and_later_looks_are_harder():
    good = compare(D)
    alone, crowd = adjust([good], ACCURACY)[0], adjust([good] + [compare(D - D.mean() + 0.0001)] * 49, ACCURACY)[0]
    assert alone.label == "better"
    assert crowd.p_adjusted == pytest.approx(min(1, 50 * alone.p_adjusted))
    assert adjust([good], ACCURACY, look=4)[0].p_adjusted == pytest.approx(60 * alone.p_adjusted)


def test_equal_differences_on_a_small_test_set_prove_nothing():
    one_image = 1 / 360
    assert verdict([one_image] * 3, examples=360).label == "undecided"
    assert compare([one_image] * 3, examples=360).sd == pytest.approx(one_image / math.sqrt(6))


def test_population_error_agrees_with_the_crossed_analysis_of_variance():
    rng = np.random.default_rng(3)
    x = rng.integers(-1, 2, size=(5, 40))
    seeds, images = x.shape
    grand = x.mean()
    rows = images * ((x.mean(axis=1) - grand) ** 2).sum() / (seeds - 1)
    columns = seeds * ((x.mean(axis=0) - grand) ** 2).sum() / (images - 1)
    rest = x - x.mean(axis=1, keepdims=True) - x.mean(axis=0, keepdims=True) + grand
    residual = (rest**2).sum() / ((seeds - 1) * (images - 1))
    expected = rows / (images * seeds) + max(0.0, (columns - residual) / (seeds * images))
    se, df = paired.population_error(x.astype(np.int8))
    assert se**2 == pytest.approx(expected)
    assert df == 4


def test_population_claim_needs_correctness_and_is_wider():
    rng = np.random.default_rng(0)
    shift = rng.random(2000) < 0.06  # images that the candidate alone gets right
    x = np.where(shift, 1, 0) - (rng.random((6, 2000)) < 0.05)
    d = x.mean(axis=1)
    with pytest.raises(ValueError, match="each test example"):
        compare(d, claim="population")
    here, everywhere = compare(d, examples=2000), compare(d, claim="population", each=x, examples=2000)
    assert everywhere.se > 1.5 * here.se


def test_margin_must_be_positive():
    with pytest.raises(ValueError, match="must be positive"):
        compare(D, margin=0)


def test_both_wrong_claims_share_one_tail():
    """With the truth at the margin, 'equivalent' or the wrong sign come in at most the level of the look."""
    rng = np.random.default_rng(11)
    d = paired.MARGIN + 0.006 * rng.standard_normal((20_000, 4))
    t = paired.t_tests(d)
    level = look_level(1)
    wrong = (t["p_equivalent"] <= level) | ((t["p"] <= level) & (t["estimate"] < 0))
    assert st.binomtest(int(wrong.sum()), len(d)).proportion_ci(0.999).low <= level

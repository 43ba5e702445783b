"""Boundaries against t quantiles, and against simulations of their own: another seed, another t statistic."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from scipy import stats as st

from results.analysis.boundaries import boundaries
from results.analysis.corrections import ALPHA, FIRST_PLAN, look_level, next_plan, spent
from results.analysis.paired import MIN_SEEDS
from results.analysis.sequential import PRIOR


def statistic(d: np.ndarray) -> np.ndarray:
    """(studies, candidates, n) differences -> (studies, candidates) |t|, moderated as documented."""
    n = d.shape[2]
    own = d.var(axis=2, ddof=1)
    pooled = own.mean(axis=1, keepdims=True)
    drawn = (PRIOR * pooled + (n - 1) * own) / (PRIOR + n - 1)
    return np.abs(d.mean(axis=2)) / np.sqrt(np.maximum(own, drawn) / n)


def crossed(candidates: int, rounds: int, table, correlation: float, studies: int, every: bool = True) -> np.ndarray:
    """The share of studies of equal configs in which some candidate has crossed by each round."""
    rng = np.random.default_rng(987)
    reference = rng.standard_normal((studies, 1, rounds)) * math.sqrt(correlation)
    d = rng.standard_normal((studies, candidates, rounds)) * math.sqrt(1 - correlation) - reference
    ever, found = np.zeros(studies, dtype=bool), []
    for n in range(MIN_SEEDS, rounds + 1):
        if every or n == rounds:
            ever |= (statistic(d[:, :, :n]) >= table[candidates - 1][n - 1]).any(axis=1)
        found.append(ever.mean())
    return np.array(found)


@pytest.mark.parametrize("n", [3, 4, 6, 12])
def test_one_look_at_one_candidate_is_a_t_test(n: int) -> None:
    found = boundaries(1, n, 0.04, False)[0]
    for pairs in range(MIN_SEEDS, n + 1):
        sure = st.t.isf(0.02, pairs - 1)
        density = 2 * st.t.pdf(sure, pairs - 1)  # a boundary's Monte-Carlo error: that of its tail over its slope
        error = math.sqrt(0.04 * 0.96 / 200_000) / density
        assert found[pairs - 1] == pytest.approx(sure, abs=4 * error + 0.001)
    assert found[: MIN_SEEDS - 1] == (math.inf,) * (MIN_SEEDS - 1)


@pytest.mark.parametrize(("candidates", "correlation"), [(1, 0.5), (3, 0.5), (3, 0.9)])
def test_each_look_spends_its_part_of_the_error(candidates: int, correlation: float) -> None:
    rounds, studies = 8, 60_000
    table = boundaries(candidates, rounds, 0.04)
    spent_so_far = crossed(candidates, rounds, table, correlation, studies)
    planned = 0.04 * (np.arange(MIN_SEEDS, rounds + 1) / rounds) ** 0.7
    error = 4 * np.sqrt(planned * (1 - planned) / studies + planned / 150_000)  # of this simulation and of theirs
    assert (spent_so_far <= planned + error).all(), (spent_so_far, planned)
    if candidates == 1 or correlation > 0.5:  # of several the larger of two correlations' boundaries is taken
        assert (spent_so_far >= planned - error).all(), (spent_so_far, planned)


def test_one_look_at_three_candidates_spends_all_of_it_and_no_more() -> None:
    table = boundaries(3, 6, 0.04, False)
    shares = [crossed(3, 6, table, rho, 60_000, every=False)[-1] for rho in (0.5, 0.9)]
    error = 4 * math.sqrt(0.04 * 0.96 / 60_000 + 0.04 / 150_000)
    assert max(shares) == pytest.approx(0.04, abs=error)


def test_more_undecided_candidates_ask_for_more() -> None:
    for every_round in (True, False):
        table = np.array(boundaries(4, 8, 0.04, every_round))
        assert table.shape == (4, 8)
        assert (np.diff(table[:, MIN_SEEDS - 1 :], axis=0) > 0).all()
        assert np.isinf(table[:, : MIN_SEEDS - 1]).all() and np.isfinite(table[:, MIN_SEEDS - 1 :]).all()


def test_they_are_the_same_numbers_at_every_call_and_on_every_machine() -> None:
    first = boundaries(3, 8, 0.04)
    boundaries.cache_clear()
    assert boundaries(3, 8, 0.04) == first
    assert (first[0][2], first[0][7], first[2][2], first[2][7]) == PINNED
    assert all(round(c, 3) == c for row in first for c in row[2:])  # rounded up, to what study.json can hold


PINNED = (4.459, 3.317, 5.34, 3.77)


@pytest.mark.parametrize("alpha", [1e-3, 1e-4, 1e-5, 1e-6])
def test_a_plan_with_little_to_spend_does_not_spend_more(alpha: float) -> None:
    """A study of each look would be 22 of 200,000: more than such a plan has in all."""
    (row,) = boundaries(1, 24, alpha)
    limits = [st.t.sf(c, n - 1) * 2 for n, c in enumerate(row, 1) if math.isfinite(c)]
    assert sum(limits) < 8 * alpha, "the single looks' levels bound what they spend together"
    assert max(limits, default=0.0) <= alpha + 6 * math.sqrt(alpha / 200_000)
    for n, level in ((n, st.t.sf(c, n - 1) * 2) for n, c in enumerate(row, 1) if math.isfinite(c)):
        assert level <= alpha * (n / 24) ** 0.7 + 6 * math.sqrt(alpha / 200_000)


def test_what_cannot_be_planned_is_refused() -> None:
    for candidates, rounds in ((0, 6), (1, 2), (-1, 6)):
        with pytest.raises(ValueError, match="at least"):
            boundaries(candidates, rounds, 0.04)


def test_planning_five_candidates_on_24_seeds_is_timed() -> None:
    boundaries.cache_clear()
    begun = time.perf_counter()
    boundaries(5, 24, 0.04)
    print(f"boundaries(5, 24): {time.perf_counter() - begun:.1f} s")  # noqa: T201


# -- what a family may spend -------------------------------------------------------------------------------------------


def test_looks_of_earlier_versions_have_spent_by_hand() -> None:
    levels = [0.05 / 2, 2 * 0.05 / 6, 3 * 0.05 / 24, 4 * 0.05 / 120]
    for k in range(5):
        assert spent(k, []) == pytest.approx(sum(levels[:k]))
    assert next_plan(0, []) == FIRST_PLAN == 0.04
    assert next_plan(1, []) == pytest.approx(0.0125)
    assert next_plan(2, []) == pytest.approx((0.05 - 0.025 - 0.05 / 3) / 2)
    assert next_plan(0, [0.04]) == pytest.approx(0.005)
    assert next_plan(0, [0.04, 0.005]) == pytest.approx(0.0025)


@pytest.mark.parametrize("looks", [0, 1, 2, 3, 7, 20])
def test_no_number_of_plans_spends_more_than_all(looks: int) -> None:
    plans: list[float] = []
    for _ in range(60):
        plans.append(next_plan(looks, plans))
        assert plans[-1] >= 0 and spent(looks, plans) <= ALPHA * (1 + 1e-12)
    by_hand = sum(k * look_level(k) for k in range(1, looks + 1)) + sum(plans)
    assert by_hand == pytest.approx(ALPHA, rel=1e-9) and by_hand <= ALPHA * (1 + 1e-12)

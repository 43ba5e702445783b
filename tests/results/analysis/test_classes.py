"""Where a difference shows, against scipy, plain loops and counts by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats as st

from results.analysis.classes import churn, class_changes, class_noise, moved, single_change


def matrices(random: np.random.Generator, n: int, support: list[int], right: float) -> list[np.ndarray]:
    """``n`` confusion matrices whose rows have ``support`` examples, drawn one by one."""
    k = len(support)
    chances = np.full((k, k), (1 - right) / (k - 1)) + np.eye(k) * (right - (1 - right) / (k - 1))
    return [np.array([random.multinomial(s, row) for s, row in zip(support, chances, strict=True)]) for _ in range(n)]


def test_changes_are_paired_t_intervals_that_share_the_error() -> None:
    random = np.random.default_rng(0)
    support = [200, 50, 120, 80]
    one, other = matrices(random, 6, support, 0.8), matrices(random, 6, support, 0.7)
    found = class_changes(one, other)
    assert found is not None and found.half is not None
    for c in range(4):
        mine = [m[c, c] / sum(m[c]) for m in one]
        its = [m[c, c] / sum(m[c]) for m in other]
        low, high = st.ttest_rel(mine, its).confidence_interval(1 - 0.05 / 4)
        assert found.before[c] == pytest.approx(np.mean(its)) and found.after[c] == pytest.approx(np.mean(mine))
        assert found.change[c] - found.half[c] == pytest.approx(low)
        assert found.change[c] + found.half[c] == pytest.approx(high)
        assert (c in found.outside) == (low > 0 or high < 0)
    assert found.outside and found.n == 6 and found.level == pytest.approx(0.9875)
    assert found.support.tolist() == support
    for a, b in itertools.product(range(4), range(4)):
        steps = [m[a, b] - o[a, b] for m, o in zip(one, other, strict=True)]
        assert found.step[a, b] == pytest.approx(sum(steps) / 6)


def test_classes_are_in_order_of_their_change_and_those_without_examples_are_left_out() -> None:
    before = [np.array([[5, 5, 0], [0, 10, 0], [0, 0, 0]])] * 3
    after = [np.array([[9, 1, 0], [3, 7, 0], [0, 0, 0]])] * 3
    found = class_changes(after, before)
    assert found is not None and found.half is not None
    assert found.order == [0, 1] and found.level == pytest.approx(0.975)
    assert found.change.tolist() == pytest.approx([0.4, -0.3, 0])


def test_three_equal_changes_of_ten_examples_prove_nothing_beyond_their_rounding() -> None:
    before, after = np.array([[5, 5], [5, 5]]), np.array([[6, 4], [5, 5]])
    found = class_changes([after] * 3, [before] * 3)
    assert found is not None and found.half is not None
    least = st.t.ppf(1 - 0.025 / 2, 2) / 10 / np.sqrt(6) / np.sqrt(3)
    assert found.half[0] == pytest.approx(least) and found.outside == []


def test_one_pair_is_none_and_two_have_no_intervals() -> None:
    m = np.array([[8, 2], [1, 9]])
    assert class_changes([m], [m]) is None and class_changes([], []) is None
    two = class_changes([m, m], [m, m])
    assert two is not None and two.half is None and two.outside == [] and not two.measurable(0)


def test_a_change_that_could_be_beyond_everything_is_not_measurable() -> None:
    before = [np.array([[0, 1], [0, 100]]), np.array([[1, 0], [0, 100]]), np.array([[0, 1], [5, 95]])]
    after = [np.array([[1, 0], [0, 100]]), np.array([[0, 1], [0, 100]]), np.array([[0, 1], [0, 100]])]
    found = class_changes(after, before)
    assert found is not None and [found.measurable(i) for i in range(2)] == [False, True]


def test_one_run_against_one_is_measured_by_the_baselines_own_runs() -> None:
    random = np.random.default_rng(1)
    runs = matrices(random, 5, [300, 40], 0.75)
    mine = matrices(random, 1, [300, 40], 0.9)[0]
    found = single_change(mine, runs[0], class_noise(runs))
    assert found.half is not None
    for c in range(2):
        own = [m[c, c] / sum(m[c]) for m in runs]
        sd = np.sqrt(sum((x - sum(own) / 5) ** 2 for x in own) / 4)
        assert found.half[c] == pytest.approx(st.t.ppf(1 - 0.05 / 4, 4) * sd * np.sqrt(2))
        assert found.change[c] == pytest.approx(mine[c, c] / sum(mine[c]) - own[0])
    assert class_noise(runs[:2]) is None and class_noise([]) is None
    assert (found.step == mine - runs[0]).all()


def test_of_two_alike_some_class_is_called_changed_in_at_most_one_in_twenty() -> None:
    random = np.random.default_rng(2)
    wrong = 0
    for _ in range(600):
        found = class_changes(matrices(random, 5, [400] * 6, 0.7), matrices(random, 5, [400] * 6, 0.7))
        assert found is not None
        wrong += bool(found.outside)
    assert 5 <= wrong <= 30 + 3 * np.sqrt(30)


def test_what_moved_counted_by_hand() -> None:
    its = [[1, 1, 0, 0, 1], [1, 1, 0, 1, 1], [1, 0, 0, 0, 1]]
    mine = [[1, 0, 1, 1, 0], [1, 1, 1, 0, 0], [1, 1, 1, 0, 0]]
    found = moved([np.array(r, bool) for r in mine], [np.array(r, bool) for r in its])
    assert found is not None and found.n == 3
    assert found.before.tolist() == [3, 2, 0, 1, 3] and found.after.tolist() == [3, 2, 3, 1, 0]
    assert found.net.tolist() == [0, 0, 3, 0, -3]
    assert found.gained == pytest.approx((2 + 1 + 2) / 3) and found.lost == pytest.approx((2 + 2 + 1) / 3)
    assert found.at_least(3) == (1, 1) and found.at_least(1) == (1, 1)


def test_what_chance_moves_is_the_mean_over_all_ways_to_swap_the_runs_of_pairs() -> None:
    random = np.random.default_rng(3)
    mine, its = random.random((5, 60)) < 0.7, random.random((5, 60)) < 0.5
    found = moved(list(mine), list(its))
    assert found is not None
    step = mine.astype(int) - its.astype(int)
    ways = [np.array(signs) @ step for signs in itertools.product((1, -1), repeat=5)]
    for seeds in range(1, 6):
        assert found.if_alike(seeds) == pytest.approx(np.mean([(net >= seeds).sum() for net in ways]))


def test_churn_is_the_mean_over_all_twos() -> None:
    runs = np.random.default_rng(4).random((4, 50)) < 0.6
    twos = [sum(a != b for a, b in zip(runs[i], runs[j], strict=True)) for i in range(4) for j in range(i)]
    assert churn(list(runs)) == pytest.approx(sum(twos) / 6)
    assert churn(list(runs[:1])) is None and churn([]) is None


def test_nothing_moved_is_said_of_test_sets_of_different_sizes() -> None:
    assert moved([np.zeros(3, bool)], [np.zeros(4, bool)]) is None and moved([], []) is None
